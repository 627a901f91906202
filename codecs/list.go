package codecs

import (
	"cmp"
	"slices"

	"asterism/codecs/g711"
	"asterism/codecs/g722"
	"asterism/codecs/gsm"
	"asterism/codecs/opus"
)

// All returns every codec known by name. Those without coders are known for SDP and passed through.
func All() []Codec { return slices.Clone(table) }

// table is made once: a call looks several codecs up.
var table = everyCodec()

func everyCodec() []Codec {
	mono := func(name string, rate int) Format { return Format{name, rate, 1} }
	list := []Codec{
		{Name: "ulaw", Format: mono("PCMU", 8000), StaticPT: 0, SampleRate: 8000,
			NewEncoder: newULawEncoder, NewDecoder: conceal(newULawDecoder, 8000)},
		{Name: "alaw", Format: mono("PCMA", 8000), StaticPT: 8, SampleRate: 8000,
			NewEncoder: newALawEncoder, NewDecoder: conceal(newALawDecoder, 8000)},
		{Name: "gsm", Format: mono("GSM", 8000), StaticPT: 3, SampleRate: 8000,
			NewEncoder: newGSMEncoder, NewDecoder: conceal(newGSMDecoder, 8000)},
		{Name: "g723", Format: mono("G723", 8000), StaticPT: 4, SampleRate: 8000},
		{Name: "adpcm", Format: mono("DVI4", 8000), StaticPT: 5, SampleRate: 8000},
		{Name: "lpc10", Format: mono("LPC", 8000), StaticPT: 7, SampleRate: 8000},
		{Name: "g722", Format: mono("G722", 8000), StaticPT: 9, SampleRate: 16000, // the clock is 8000 by RFC 3551 §4.5.2
			NewEncoder: newG722Encoder, NewDecoder: newG722Decoder},
		{Name: "g729", Format: mono("G729", 8000), StaticPT: 18, SampleRate: 8000},
		{Name: "opus", Format: Format{"opus", 48000, 2}, StaticPT: -1, SampleRate: 48000, // always /48000/2: RFC 7587 §7
			NewEncoder: newOpusEncoder, NewDecoder: func() (Decoder, error) { return newOpusDecoder(48000) },
			Rates: []int{8000, 12000, 16000, 24000}, NewDecoderAt: newOpusDecoder},
		{Name: "amr", Format: mono("AMR", 8000), StaticPT: -1, SampleRate: 8000},
		{Name: "amrwb", Format: mono("AMR-WB", 16000), StaticPT: -1, SampleRate: 16000},
		{Name: "ilbc", Format: mono("iLBC", 8000), StaticPT: -1, SampleRate: 8000},
		{Name: "speex", Format: mono("speex", 8000), StaticPT: -1, SampleRate: 8000},
		{Name: "speex16", Format: mono("speex", 16000), StaticPT: -1, SampleRate: 16000},
		{Name: "speex32", Format: mono("speex", 32000), StaticPT: -1, SampleRate: 32000},
		{Name: "g726", Format: mono("G726-32", 8000), StaticPT: -1, SampleRate: 8000},
		{Name: "g726aal2", Format: mono("AAL2-G726-32", 8000), StaticPT: -1, SampleRate: 8000},
		{Name: "siren7", Format: mono("G7221", 16000), StaticPT: -1, SampleRate: 16000},
		{Name: "siren14", Format: mono("G7221", 32000), StaticPT: -1, SampleRate: 32000},
		{Name: "g719", Format: mono("G719", 48000), StaticPT: -1, SampleRate: 48000},
		{Name: "codec2", Format: mono("CODEC2", 8000), StaticPT: -1, SampleRate: 8000},
		{Name: "silk8", Format: mono("SILK", 8000), StaticPT: -1, SampleRate: 8000},
		{Name: "silk12", Format: mono("SILK", 12000), StaticPT: -1, SampleRate: 12000},
		{Name: "silk16", Format: mono("SILK", 16000), StaticPT: -1, SampleRate: 16000},
		{Name: "silk24", Format: mono("SILK", 24000), StaticPT: -1, SampleRate: 24000},
	}
	for _, s := range []struct {
		name string
		rate int
		pt   int
	}{
		{"slin", 8000, -1}, {"slin12", 12000, -1}, {"slin16", 16000, -1}, {"slin24", 24000, -1}, {"slin32", 32000, -1},
		{"slin44", 44100, 11}, {"slin48", 48000, -1}, {"slin96", 96000, -1}, {"slin192", 192000, -1},
	} {
		list = append(list, Codec{Name: s.name, Format: mono("L16", s.rate), StaticPT: s.pt, SampleRate: s.rate,
			NewEncoder: newL16Encoder, NewDecoder: conceal(newL16Decoder, s.rate)})
	}
	return list
}

func newULawEncoder(EncoderOptions) (Encoder, error) { return g711.ULaw{}, nil }
func newULawDecoder() (Decoder, error)               { return g711.ULaw{}, nil }
func newALawEncoder(EncoderOptions) (Encoder, error) { return g711.ALaw{}, nil }
func newALawDecoder() (Decoder, error)               { return g711.ALaw{}, nil }
func newGSMEncoder(EncoderOptions) (Encoder, error)  { return gsm.NewEncoder(), nil }
func newGSMDecoder() (Decoder, error)                { return gsm.NewDecoder(), nil }
func newG722Encoder(EncoderOptions) (Encoder, error) { return g722.NewEncoder(), nil }
func newG722Decoder() (Decoder, error)               { return g722.NewDecoder(), nil }
func newL16Encoder(EncoderOptions) (Encoder, error)  { return l16{}, nil }
func newL16Decoder() (Decoder, error)                { return l16{}, nil }

func newOpusDecoder(rate int) (Decoder, error) { return opus.NewDecoder(rate) }

func newOpusEncoder(o EncoderOptions) (Encoder, error) {
	options := opus.DefaultOptions()
	if o.Settings.Opus != nil {
		options = *o.Settings.Opus
	}
	options.SampleRate = cmp.Or(o.SampleRate, opus.ClockRate)
	return opus.NewEncoder(options.For(opus.ParseFmtp(o.Fmtp)))
}
