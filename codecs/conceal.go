package codecs

import "asterism/codecs/plc"

// concealing gives the decoder of a codec that has no concealment of its own that of package plc, which works on what it decoded.
type concealing struct {
	Decoder
	loss *plc.Concealment
}

// conceal makes a decoder to PCM at rate Hz, which bridges losses.
func conceal(newDecoder func() (Decoder, error), rate int) func() (Decoder, error) {
	return func() (Decoder, error) {
		d, err := newDecoder()
		if err != nil {
			return nil, err
		}
		return &concealing{d, plc.New(rate)}, nil
	}
}

func (c *concealing) Decode(dst []int16, payload []byte) (int, error) {
	n, err := c.Decoder.Decode(dst, payload)
	c.loss.Heard(dst[:n])
	return n, err
}

// Conceal implements Concealer.
func (c *concealing) Conceal(dst []int16) { c.loss.Fill(dst) }
