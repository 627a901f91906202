package channel

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Cause is a hang-up cause of ITU-T Q.850, as Asterisk's HANGUPCAUSE.
type Cause int

// The causes that SIP and the dialplan use (compare Asterisk's AST_CAUSE_ names).
const (
	Unallocated        Cause = 1
	NoRouteTransitNet  Cause = 2
	NoRouteDestination Cause = 3
	MisdialledTrunk    Cause = 5
	CallAwarded        Cause = 7
	NormalClearing     Cause = 16
	UserBusy           Cause = 17
	NoUserResponse     Cause = 18
	NoAnswer           Cause = 19
	SubscriberAbsent   Cause = 20
	CallRejected       Cause = 21
	NumberChanged      Cause = 22
	RedirectedToNew    Cause = 23
	AnsweredElsewhere  Cause = 26
	DestOutOfOrder     Cause = 27
	InvalidNumber      Cause = 28
	FacilityRejected   Cause = 29
	ResponseToStatus   Cause = 30
	NormalUnspecified  Cause = 31
	Congestion         Cause = 34
	NetworkOutOfOrder  Cause = 38
	TemporaryFailure   Cause = 41
	SwitchCongestion   Cause = 42
	BearerNotAvailable Cause = 58
	FacilityNotImpl    Cause = 69
	ChanNotImplemented Cause = 66
	Timeout            Cause = 102
	Interworking       Cause = 127
)

// causes is the table of numbers, Asterisk's names and texts.
var causes = []struct {
	cause Cause
	name  string
	text  string
}{
	{Unallocated, "UNALLOCATED", "Unallocated (unassigned) number"},
	{NoRouteTransitNet, "NO_ROUTE_TRANSIT_NET", "No route to specified transmit network"},
	{NoRouteDestination, "NO_ROUTE_DESTINATION", "No route to destination"},
	{MisdialledTrunk, "MISDIALLED_TRUNK_PREFIX", "Misdialed trunk prefix"},
	{CallAwarded, "CALL_AWARDED_DELIVERED", "Call awarded and being delivered in an established channel"},
	{NormalClearing, "NORMAL_CLEARING", "Normal Clearing"},
	{UserBusy, "USER_BUSY", "User busy"},
	{NoUserResponse, "NO_USER_RESPONSE", "No user responding"},
	{NoAnswer, "NO_ANSWER", "User alerting, no answer"},
	{SubscriberAbsent, "SUBSCRIBER_ABSENT", "Subscriber absent"},
	{CallRejected, "CALL_REJECTED", "Call Rejected"},
	{NumberChanged, "NUMBER_CHANGED", "Number changed"},
	{RedirectedToNew, "REDIRECTED_TO_NEW_DESTINATION", "Redirected to new destination"},
	{AnsweredElsewhere, "ANSWERED_ELSEWHERE", "Answered elsewhere"},
	{DestOutOfOrder, "DESTINATION_OUT_OF_ORDER", "Destination out of order"},
	{InvalidNumber, "INVALID_NUMBER_FORMAT", "Invalid number format"},
	{FacilityRejected, "FACILITY_REJECTED", "Facility rejected"},
	{ResponseToStatus, "RESPONSE_TO_STATUS_ENQUIRY", "Response to STATus ENQuiry"},
	{NormalUnspecified, "NORMAL_UNSPECIFIED", "Normal, unspecified"},
	{Congestion, "NORMAL_CIRCUIT_CONGESTION", "Circuit/channel congestion"},
	{NetworkOutOfOrder, "NETWORK_OUT_OF_ORDER", "Network out of order"},
	{TemporaryFailure, "NORMAL_TEMPORARY_FAILURE", "Temporary failure"},
	{SwitchCongestion, "SWITCH_CONGESTION", "Switching equipment congestion"},
	{BearerNotAvailable, "BEARERCAPABILITY_NOTAVAIL", "Bearer capability not available"},
	{ChanNotImplemented, "CHAN_NOT_IMPLEMENTED", "Channel not implemented"},
	{FacilityNotImpl, "FACILITY_NOT_IMPLEMENTED", "Facility not implemented"},
	{Timeout, "RECOVERY_ON_TIMER_EXPIRE", "Recover on timer expiry"},
	{Interworking, "INTERWORKING", "Interworking, unspecified"},
	// Second names that Asterisk's Hangup() takes too.
	{NormalClearing, "NORMAL", ""},
	{UserBusy, "BUSY", ""},
	{Congestion, "CONGESTION", ""},
	{NoAnswer, "NOANSWER", ""},
	{SubscriberAbsent, "UNREGISTERED", ""},
	{NormalUnspecified, "FAILURE", ""},
	{SwitchCongestion, "CALL_CONGESTION", ""},
}

// String is the text of Asterisk's "Cause-txt".
func (c Cause) String() string {
	for _, e := range causes {
		if e.cause == c && e.text != "" {
			return e.text
		}
	}
	return "Cause " + strconv.Itoa(int(c))
}

// ParseCause reads what Hangup() and Dial's Q() take: a number, or a cause's name in any case, with or without AST_CAUSE_.
func ParseCause(s string) (Cause, error) {
	s = strings.TrimSpace(s)
	if n, err := strconv.Atoi(s); err == nil {
		if n < 0 || n > 127 {
			return 0, fmt.Errorf("hangup cause %d: want 1 to 127", n)
		}
		return Cause(n), nil
	}
	name := strings.TrimPrefix(strings.ToUpper(s), "AST_CAUSE_")
	for _, e := range causes {
		if e.name == name {
			return e.cause, nil
		}
	}
	return 0, fmt.Errorf("hangup cause %q: want a number or a name such as USER_BUSY", s)
}

// HangupError is what every primitive returns once the channel is gone.
type HangupError struct{ Cause Cause }

func (e *HangupError) Error() string {
	return fmt.Sprintf("hangup: %d %s", int(e.Cause), e.Cause)
}

// ErrNoMedia is returned where a primitive needs sound and the leg has none (no SDP was agreed).
var ErrNoMedia = errors.New("channel: no media")
