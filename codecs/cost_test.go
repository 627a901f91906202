package codecs

import "testing"

func TestCosts(t *testing.T) {
	costs := Costs()
	if len(costs) != len(translated)*len(translated) {
		t.Fatalf("%d pairs", len(costs))
	}
	of := map[[2]string]Cost{}
	for _, c := range costs {
		of[[2]string{c.From, c.To}] = c
		if (c.From == c.To) != (c.Time == 0) {
			t.Errorf("%s to %s takes %v", c.From, c.To, c.Time)
		}
	}
	if a, b := of[[2]string{"ulaw", "opus"}].Time, of[[2]string{"ulaw", "alaw"}].Time; a < 5*b {
		t.Errorf("to Opus takes %v, from law to law %v", a, b)
	}
}
