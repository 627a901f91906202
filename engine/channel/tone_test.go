package channel

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"asterism/engine/config"
	"asterism/engine/media"
	"asterism/engine/tone"

	"github.com/rs/zerolog"
)

// hearing is a leg that keeps what was played to it.
type hearing struct {
	fakeLeg
	src    media.Source
	silent bool // it has no sound
}

func (h *hearing) Media() Media {
	if h.silent {
		return nil
	}
	return h
}

func (h *hearing) Play(src media.Source, done func()) func() {
	h.src = src
	return func() { h.note("stop"); done() }
}

// hears holds the first second of what plays against a tone list.
func (h *hearing) hears(t *testing.T, list string, amplitude float64) {
	t.Helper()
	want, err := tone.Parse(list)
	if err != nil {
		t.Fatal(err)
	}
	read := func(src media.Source) []int16 {
		pcm := make([]int16, src.Rate())
		n, _ := src.Read(pcm)
		return pcm[:n]
	}
	if h.src == nil {
		t.Fatalf("nothing plays, want %s", list)
	}
	if !slices.Equal(read(h.src), read(want.Player(amplitude))) {
		t.Errorf("what plays is not %s", list)
	}
}

func zones(t *testing.T, text string) *tone.Zones {
	t.Helper()
	snap, _ := config.Load(fstest.MapFS{"indications.conf": {Data: []byte(text)}}, config.LoadOptions{})
	z, problems := tone.Load(snap.File("indications.conf"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return z
}

func toned(t *testing.T, z *tone.Zones, cfg Config) (*Channel, *hearing) {
	t.Helper()
	core, leg := CoreConfig{Log: zerolog.Nop()}, &hearing{}
	if z != nil {
		core.Tones = func(*Channel) *tone.Zones { return z }
	}
	cfg.Tech, cfg.Endpoint, cfg.Leg = "FAKE", "caller", leg
	ch := NewCore(core).New(cfg)
	t.Cleanup(ch.Release)
	return ch, leg
}

func TestIndicatePlaysTheTonesOfItsCountry(t *testing.T) {
	site := zones(t, "[general]\ncountry=de\n[office]\nbusy=600/100,0/100\n")
	tests := []struct {
		name, zone string
		zones      *tone.Zones
		indication Indication
		want       string
	}{
		{"the default without a file", "", nil, IndicateRinging, "440+480/2000,0/4000"},
		{"the site's default", "", site, IndicateBusy, "425/480,0/480"},
		{"the endpoint's own", "uk", site, IndicateCongestion, "400/400,0/350,400/225,0/525"},
		{"a zone of the site's", "Office", site, IndicateBusy, "600/100,0/100"},
		{"what a zone lacks is the default's", "office", site, IndicateCongestion, "425/240,0/240"},
		{"a zone that is gone", "atlantis", site, IndicateRinging, "425/1000,0/4000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ch, leg := toned(t, tt.zones, Config{State: Up, ToneZone: tt.zone})
			if err := ch.Indicate(tt.indication); err != nil {
				t.Fatal(err)
			}
			leg.hears(t, tt.want, tone.Amplitude)
		})
	}
	t.Run("before the answer by SIP", func(t *testing.T) {
		ch, leg := toned(t, site, Config{State: Ring})
		if err := ch.Indicate(IndicateRinging); err != nil || !leg.saw("180") || leg.src != nil {
			t.Errorf("%v, %v", err, leg.did)
		}
	})
	t.Run("progress has no tone", func(t *testing.T) {
		ch, leg := toned(t, site, Config{State: Up})
		if err := ch.Indicate(IndicateProgress); err != nil || leg.src != nil {
			t.Errorf("%v, %v", err, leg.did)
		}
	})
}

func TestPlayTone(t *testing.T) {
	ch, leg := toned(t, zones(t, "[general]\ncountry=de\n"), Config{State: Up})
	if err := ch.PlayTone("Dial", tone.Amplitude); err != nil {
		t.Fatal(err)
	}
	leg.hears(t, "425", tone.Amplitude)
	ch.StopTone()
	if !leg.saw("stop") {
		t.Error("StopTone did not stop it")
	}
	if err := ch.PlayTone("!1004/100,0/100", tone.Milliwatt); err != nil {
		t.Fatal(err)
	}
	leg.hears(t, "!1004/100,0/100", tone.Milliwatt)
	err := ch.PlayTone("dail", tone.Amplitude)
	if err == nil || !strings.Contains(err.Error(), `"dail"`) || !strings.Contains(err.Error(), "de has no tone of that name") {
		t.Errorf("a wrong name is %v", err)
	}
	leg.silent = true
	if err := ch.PlayTone("dial", tone.Amplitude); err != ErrNoMedia {
		t.Errorf("without sound %v", err)
	}
	ch.Hangup(0)
	if err := ch.PlayTone("dial", tone.Amplitude); err == nil || !strings.Contains(err.Error(), "hangup") {
		t.Errorf("after the end %v", err)
	}
}

func TestToneZone(t *testing.T) {
	ch, leg := toned(t, zones(t, "[general]\ncountry=de\n"), Config{State: Up})
	if got := ch.ToneZone(); got != "de" {
		t.Errorf("without one of its own %q", got)
	}
	if err := ch.SetToneZone("atlantis"); err == nil || ch.ToneZone() != "de" {
		t.Errorf("%v, then %q", err, ch.ToneZone())
	}
	if err := ch.SetToneZone("uk"); err != nil || ch.ToneZone() != "uk" {
		t.Errorf("%v, then %q", err, ch.ToneZone())
	}
	if err := ch.PlayTone("unobtainable", tone.Amplitude); err != nil {
		t.Fatal(err)
	}
	leg.hears(t, "400", tone.Amplitude)
}

func TestSendDigits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch, leg := toned(t, nil, Config{State: Up})
		began := time.Now()
		if err := ch.SendDigits("1wbW*f?", 250*time.Millisecond, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if want := []string{"dtmf 1", "dtmf B", "dtmf *", "dtmf !"}; !slices.Equal(leg.did, want) {
			t.Errorf("sent %v, want %v", leg.did, want)
		}
		if took, want := time.Since(began), 4*350*time.Millisecond+1500*time.Millisecond; took != want {
			t.Errorf("took %v, want %v", took, want)
		}
		if other, ok := ch.Other(ch.Name()); !ok || other != ch {
			t.Error("a live channel is not found by its name")
		}
		ch.Hangup(0)
		if err := ch.SendDigits("1", 0, 0); err == nil {
			t.Error("digits for a channel that is gone")
		}
	})
}
