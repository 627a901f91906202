package pjsip

import (
	"strconv"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/sip"
)

func itoa(n int) string { return strconv.Itoa(n) }

// statusOf is the final response that refuses an unanswered call for a cause, as chan_pjsip answers it.
func statusOf(cause channel.Cause) int {
	switch cause {
	case channel.Unallocated, channel.NoRouteTransitNet, channel.NoRouteDestination:
		return 404
	case channel.UserBusy:
		return 486
	case channel.NoUserResponse:
		return 408
	case channel.NoAnswer, channel.SubscriberAbsent, channel.NormalUnspecified:
		return 480
	case channel.CallRejected:
		return 403
	case channel.NumberChanged:
		return 410
	case channel.RedirectedToNew:
		return 302
	case channel.DestOutOfOrder:
		return 502
	case channel.InvalidNumber:
		return 484
	case channel.FacilityRejected:
		return 501
	case channel.Congestion, channel.SwitchCongestion, channel.ChanNotImplemented:
		return 503
	case channel.NetworkOutOfOrder, channel.Interworking:
		return 500
	case channel.BearerNotAvailable:
		return 488
	}
	return 603
}

// causeOf is the cause that a phone's refusal stands for, as in chan_pjsip; a Reason header with Q.850 says it better.
func causeOf(res *sip.Response) channel.Cause {
	if cause, ok := reasonCause(res); ok {
		return cause
	}
	switch res.StatusCode {
	case 401, 403, 407, 603:
		return channel.CallRejected
	case 404, 485, 604:
		return channel.Unallocated
	case 408:
		return channel.NoUserResponse
	case 409:
		return channel.TemporaryFailure
	case 410:
		return channel.NumberChanged
	case 420:
		return channel.NoRouteDestination
	case 480, 483:
		return channel.NoAnswer
	case 484:
		return channel.InvalidNumber
	case 486, 600:
		return channel.UserBusy
	case 488, 606:
		return channel.BearerNotAvailable
	case 500:
		return channel.NetworkOutOfOrder
	case 501:
		return channel.FacilityRejected
	case 502:
		return channel.DestOutOfOrder
	case 503:
		return channel.Congestion
	case 504:
		return channel.Timeout
	case 302:
		return channel.RedirectedToNew
	}
	if res.StatusCode >= 500 && res.StatusCode < 600 && res.StatusCode != 505 {
		return channel.Congestion
	}
	return channel.Interworking
}

// reasonCause reads a Q.850 Reason header (RFC 3326) of a request or response.
func reasonCause(m sip.Message) (channel.Cause, bool) {
	for _, v := range sip.HeaderValues(m, "Reason") {
		parts := strings.Split(v, ";")
		if !strings.EqualFold(strings.TrimSpace(parts[0]), "Q.850") {
			continue
		}
		for _, p := range parts[1:] {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			if n, err := strconv.Atoi(value); err == nil && strings.EqualFold(name, "cause") && n > 0 && n < 128 {
				return channel.Cause(n), true
			}
		}
	}
	return 0, false
}
