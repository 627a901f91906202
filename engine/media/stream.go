package media

import (
	"net/netip"
	"time"

	"asterism/codecs"
)

// PayloadType is one agreed format: the number we put on packets and the number the peer does.
type PayloadType struct {
	Send, Recv uint8
	Format     codecs.Format
	Fmtp       string
}

// Stream is what offer and answer agreed for a port.
type Stream struct {
	Remote     netip.AddrPort // the peer's RTP; unspecified address or port 0: nowhere to send
	RemoteRTCP netip.AddrPort // invalid: RTP port + 1
	RTCPMux    bool

	// Signalling is the address the peer's SIP came from, if known. Of several sources that are not the SDP's, one at this
	// address is believed first: it is where a phone behind NAT sends from.
	Signalling netip.Addr

	Send, Receive bool          // direction seen from us
	Codecs        []PayloadType // agreed voice formats, preferred first
	DTMF          []PayloadType // telephone-event, one for each clock rate
	Ptime         time.Duration // of what we make ourselves; 0 = 20 ms
	Held          bool          // the peer holds us, or we the peer: HoldTimeout counts
}
