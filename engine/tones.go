package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/tone"
)

// loadTones reads indications.conf and holds the endpoints' tone_zone against it.
func loadTones(snap *config.Snapshot) (*tone.Zones, []config.Problem) {
	zones, problems := tone.Load(snap.File("indications.conf"))
	for _, e := range slices.SortedFunc(maps.Values(snap.PJSIP.Endpoints), func(a, b *config.Endpoint) int { return cmp.Compare(a.Name, b.Name) }) {
		if e.ToneZone != "" && !zones.Has(e.ToneZone) {
			problems = append(problems, config.Problem{Pos: e.Pos, Warning: true, // the default country's are heard
				What: fmt.Sprintf("endpoint %q: tone_zone %q: no such country", e.Name, e.ToneZone), Want: "add [" + e.ToneZone + "] to indications.conf"})
		}
	}
	return zones, problems
}

// tones are those of the generation a channel began with.
func (e *Engine) tones(ch *channel.Channel) *tone.Zones { return e.generationOf(ch).tones }
