package media

// pairSource marks streams that cross a pair; shards count up from far below.
const pairSource = 1 << 63

// crossOver hands a frame written to one half of a pair to the other. Like a socket's peer, the other half sees one continuous
// stream, whoever feeds it.
func (p *Port) crossOver(f *Frame, marker bool, seq uint16, ts uint32) error {
	other := p.pair
	if other == nil || other.closed || (other.agreed && !other.stream.Receive) {
		return nil
	}
	other.count.packetsIn.Add(1)
	other.count.lastPacket.Store(other.at.now)
	if other.busy {
		return nil // it has come round in a circle
	}
	g := &other.frame
	*g = *f
	g.Marker, g.Seq, g.Timestamp = marker, seq, ts
	g.Source = pairSource | uint64(p.outgoing.ssrc)
	other.arrive(g, f.Format.Name == telephoneEvent)
	return nil
}
