package pjsip

import (
	"testing"

	"asterism/engine/config"
)

func TestReliable(t *testing.T) {
	const insists, can, plain = "Require: 100rel", "Supported: replaces, 100rel", "X: y"
	for _, tt := range []struct {
		option, header string
		reliable       bool
		unsupported    int
	}{
		{"yes", insists, true, 0}, {"yes", can, false, 0}, {"yes", plain, false, 0},
		{"no", insists, false, 1}, {"no", can, false, 0},
		{"peer_supported", insists, true, 0}, {"peer_supported", can, true, 0}, {"peer_supported", plain, false, 0},
		{"required", insists, true, 0}, {"required", can, true, 0}, {"required", plain, false, 0},
	} {
		e, req := &config.Endpoint{Rel100: tt.option}, invite(tt.header)
		if got := reliable(req, e); got != tt.reliable {
			t.Errorf("100rel=%s, %s: %t", tt.option, tt.header, got)
		}
		if got := unsupported(req, e); len(got) != tt.unsupported {
			t.Errorf("100rel=%s, %s: %v is not supported", tt.option, tt.header, got)
		}
	}
}
