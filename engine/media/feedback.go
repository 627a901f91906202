package media

import (
	"slices"

	"github.com/pion/rtcp"
)

// Feedback is what two parties agreed to ask of each other about their video (RFC 4585 §4.2, RFC 5104 §7.1).
type Feedback struct {
	NACK bool // generic NACK: these packets were lost
	PLI  bool // picture loss indication: a new picture is wanted
	FIR  bool // full intra request: the same, as a command
}

// pictureRequests are a port's own FIR commands and those it has heard: a repeated one has the number of the first (RFC 5104 §4.3.1.1).
type pictureRequests struct {
	own   uint8
	heard uint8
	any   bool
	at    int64 // shard time of the last feedback sent
	burst int   // how much was sent then
}

// mostFeedback is what is sent at one moment: a compound may ask for a hundred things, but nobody gets a hundred datagrams for one.
const mostFeedback = 8

// receiveFeedback passes what the peer says of the video we send it on to whose video that is:
//
//	p.peer ─ NACK, PLI, FIR on p's stream ─► p ─ SSRC and numbers of the sender's own stream ─► p.across ─► its peer
func (p *Port) receiveFeedback(packet rtcp.Packet) {
	o := p.across()
	if o == nil || !slices.Contains(packet.DestinationSSRC(), p.outgoing.ssrc) {
		return
	}
	switch r := packet.(type) {
	case *rtcp.PictureLossIndication:
		o.askPicture(loss)
	case *rtcp.FullIntraRequest:
		for _, e := range r.FIR {
			if e.SSRC == p.outgoing.ssrc {
				again := p.pictures.any && e.SequenceNumber == p.pictures.heard
				p.pictures.heard, p.pictures.any = e.SequenceNumber, true
				if again {
					o.askPicture(commandAgain)
				} else {
					o.askPicture(command)
				}
			}
		}
	case *rtcp.TransportLayerNack:
		o.askAgain(r.Nacks, p)
	}
}

// pictureWish is how a picture that needs none before it was asked for.
type pictureWish uint8

const (
	loss         pictureWish = iota // by PLI
	command                         // by FIR
	commandAgain                    // by the FIR before, repeated
)

// askPicture asks the peer for a picture, in the same way if it knows that, else in another.
func (p *Port) askPicture(w pictureWish) {
	if !p.stats.started || !p.stream.Receive {
		return // nothing has come yet: it will begin with one
	}
	sender, of := p.outgoing.ssrc, p.stats.ssrc
	switch f := p.stream.Feedback; {
	case f.FIR && (w != loss || !f.PLI):
		if w != commandAgain {
			p.pictures.own++
		}
		p.sendFeedback(&rtcp.FullIntraRequest{SenderSSRC: sender, MediaSSRC: of, FIR: []rtcp.FIREntry{{SSRC: of, SequenceNumber: p.pictures.own}}})
	case f.PLI:
		p.sendFeedback(&rtcp.PictureLossIndication{SenderSSRC: sender, MediaSSRC: of})
	}
}

// askAgain asks the peer for packets that heard, whom it is joined with, has not got from us; their numbers are ours there.
func (p *Port) askAgain(lost []rtcp.NackPair, heard *Port) {
	if !p.stream.Feedback.NACK || heard.outgoing.source != p.source {
		return
	}
	pairs := slices.Clone(lost)
	for i := range pairs {
		pairs[i].PacketID -= heard.outgoing.seqShift
	}
	p.sendFeedback(&rtcp.TransportLayerNack{SenderSSRC: p.outgoing.ssrc, MediaSSRC: p.stats.ssrc, Nacks: pairs})
}

// sendFeedback sends at once, in the smallest compound there is (RFC 4585 §3.1).
func (p *Port) sendFeedback(packet rtcp.Packet) {
	q := &p.pictures
	if q.at != p.at.now {
		q.at, q.burst = p.at.now, 0
	}
	if q.burst == mostFeedback {
		return
	}
	q.burst++
	ssrc := p.outgoing.ssrc
	p.sendControl(p.at, []rtcp.Packet{&rtcp.ReceiverReport{SSRC: ssrc}, rtcp.NewCNAMESourceDescription(ssrc, p.config.CNAME), packet})
}
