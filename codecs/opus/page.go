package opus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// An Ogg page (RFC 3533 §6):
//
//	0     "OggS"        6  granule position, 8 bytes    22  checksum, 4 bytes
//	4     version 0    14  serial number, 4 bytes       26  number of segments
//	5     flags        18  page number, 4 bytes         27  the segments' lengths, then the segments
//
// A segment of 255 bytes goes on in the next one; a shorter one ends its packet.
const (
	pageHeader    = 27
	flagContinued = 1
	flagFirst     = 2
	flagLast      = 4
)

// maxPacketOgg bounds one packet of the file: a tags packet may carry a cover picture, which nobody here wants.
const maxPacketOgg = 1 << 20

var errOgg = errors.New("ogg")

// page is one page; its slices are valid until the next one is read.
type page struct {
	flags    byte
	granule  int64
	serial   uint32
	number   uint32
	segments []byte // lengths
	body     []byte
}

// pages reads a file page by page. It holds one page, 65,307 bytes.
type pages struct {
	r   io.Reader
	buf [pageHeader + 255 + 255*255]byte
}

// next reads one page and checks its checksum. io.EOF stands at a clean end only.
func (p *pages) next() (page, error) {
	head := p.buf[:pageHeader]
	if _, err := io.ReadFull(p.r, head); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return page{}, fmt.Errorf("%w: file ends inside a page header", errOgg)
		}
		return page{}, err
	}
	if string(head[:4]) != "OggS" || head[4] != 0 {
		return page{}, fmt.Errorf("%w: no page where one should begin", errOgg)
	}
	n := int(head[26])
	lengths := p.buf[pageHeader : pageHeader+n]
	if _, err := io.ReadFull(p.r, lengths); err != nil {
		return page{}, fmt.Errorf("%w: file ends inside a page header", errOgg)
	}
	size := 0
	for _, l := range lengths {
		size += int(l)
	}
	body := p.buf[pageHeader+n : pageHeader+n+size]
	if _, err := io.ReadFull(p.r, body); err != nil {
		return page{}, fmt.Errorf("%w: file ends inside a page", errOgg)
	}
	sum := binary.LittleEndian.Uint32(head[22:])
	clear(head[22:26])
	if checksum(p.buf[:pageHeader+n+size]) != sum {
		return page{}, fmt.Errorf("%w: page %d: wrong checksum", errOgg, binary.LittleEndian.Uint32(head[18:]))
	}
	return page{
		flags:    head[5],
		granule:  int64(binary.LittleEndian.Uint64(head[6:])),
		serial:   binary.LittleEndian.Uint32(head[14:]),
		number:   binary.LittleEndian.Uint32(head[18:]),
		segments: lengths, body: body,
	}, nil
}

// checksum is Ogg's CRC: polynomial 04c11db7, from the highest bit, begun with 0.
func checksum(b []byte) (sum uint32) {
	for _, c := range b {
		sum = sum<<8 ^ crcTable[byte(sum>>24)^c]
	}
	return sum
}

var crcTable = makeCRCTable()

func makeCRCTable() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			if r&0x80000000 != 0 {
				r = r<<1 ^ 0x04c11db7
			} else {
				r <<= 1
			}
		}
		t[i] = r
	}
	return t
}

// packets puts the packets of one logical stream together. The first stream of the file is taken, others are passed over.
type packets struct {
	pages   pages
	page    page
	serial  uint32
	begun   bool
	seg     int // next segment of page
	off     int // where it begins in page.body
	partial []byte
	skip    bool // the rest of a packet whose beginning was lost
}

// next returns one packet, valid until the next call, and the page's granule position if the packet is the last to end on
// that page, else -1. last: the page ends the stream.
func (p *packets) next() (packet []byte, granule int64, last bool, err error) {
	p.partial = p.partial[:0]
	for {
		if p.seg == len(p.page.segments) {
			if err := p.turn(); err != nil {
				return nil, 0, false, err
			}
			continue
		}
		n := int(p.page.segments[p.seg])
		part := p.page.body[p.off : p.off+n]
		p.seg, p.off = p.seg+1, p.off+n
		if !p.skip {
			if len(p.partial)+n > maxPacketOgg {
				return nil, 0, false, fmt.Errorf("%w: packet of more than %d bytes", errOgg, maxPacketOgg)
			}
			p.partial = append(p.partial, part...)
		}
		if n == 255 {
			continue
		}
		if p.skip {
			p.skip = false
			continue
		}
		granule = -1
		if !p.endsAnother() {
			granule = p.page.granule
		}
		return p.partial, granule, granule >= 0 && p.page.flags&flagLast != 0, nil
	}
}

// endsAnother reports whether one more packet ends on this page.
func (p *packets) endsAnother() bool {
	for _, l := range p.page.segments[p.seg:] {
		if l < 255 {
			return true
		}
	}
	return false
}

// turn goes to the next page of the stream.
func (p *packets) turn() error {
	for {
		if p.begun && p.page.flags&flagLast != 0 {
			return io.EOF // what is chained after it is another recording
		}
		next, err := p.pages.next()
		if err != nil {
			return err
		}
		if !p.begun {
			p.serial, p.begun = next.serial, true
		} else if next.serial != p.serial {
			continue
		}
		if next.flags&flagContinued == 0 {
			p.partial = p.partial[:0] // its end was lost
			p.skip = false
		} else if len(p.partial) == 0 {
			p.skip = true
		}
		p.page, p.seg, p.off = next, 0, 0
		return nil
	}
}
