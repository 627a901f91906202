package tests

import (
	"debug/elf"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestLinkedIn: the binary that make builds loads no library: libopus is within. A plain go build needs the shared libraries of the Opus
// binding beside glibc's.
func TestLinkedIn(t *testing.T) {
	if testing.Short() {
		t.Skip("links the binary twice")
	}
	dir := t.TempDir()
	for _, tt := range []struct {
		name    string
		command []string
		allowed []string
	}{
		{"make", []string{"make", "-C", "..", "build", "BIN=" + filepath.Join(dir, "make")}, nil},
		{"go", []string{"go", "build", "-o", filepath.Join(dir, "go", "asterism"), "asterism/cmd/asterism"}, []string{"libc.so.6", "libm.so.6", "libopus.so.0", "libopusfile.so.0", "libogg.so.0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if out, err := exec.Command(tt.command[0], tt.command[1:]...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %v\n%s", tt.command, err, out)
			}
			path := filepath.Join(dir, tt.name, "asterism")
			libraries := imported(t, path)
			for _, l := range libraries {
				if !slices.Contains(tt.allowed, l) {
					t.Errorf("needs %s; link it in, or do without", l)
				}
			}
			if out, err := exec.Command(path, "--help").CombinedOutput(); err != nil {
				t.Errorf("does not run: %v\n%s", err, out)
			}
		})
	}
}

// imported are the shared libraries a program's dynamic section names.
func imported(t *testing.T, path string) []string {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	if f.Section(".dynamic") == nil && len(libraries) > 0 {
		t.Fatal("libraries without a dynamic section")
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(libraries, "libopus.so.0") && !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == "opus_encode" && s.Section != elf.SHN_UNDEF }) {
		t.Error("libopus is not within")
	}
	return libraries
}
