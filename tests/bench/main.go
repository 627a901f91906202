// Command bench puts a load on the PBX over the loopback interface and prints what a unit of work costs it: CPU time of the process
// per relayed packet, second of a transcoded call, call set up, registration, … beside the figures of the run before.
//
//	go run ./tests/bench [-time 5s] [-only relay,reg] [-save]        (make bench runs it after the Go benchmarks)
//
// The PBX is started by tests/bench/adapter, on the first core if there are several; the load runs on the others. On a machine that
// is busy with other things figures come out too high: compare runs of the same hour.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"asterism/codecs/g711"
	"asterism/codecs/opus"
)

const sipPort, uasPort = 5860, 5890

// format is how the load speaks a codec; frames hold 20 ms.
type format struct {
	number int
	name   string
	step   uint32
	frames [][]byte
}

var formats = map[string]format{}

// speak makes a second of what sounds enough like speech to keep an encoder busy.
func speak() error {
	encoder, err := opus.NewEncoder(opus.Options{SampleRate: 16000})
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	var ulaw, alaw, g722, packets [][]byte
	for frame := range 50 {
		pcm := make([]int16, 320)
		for i := range pcm {
			t := float64(frame*320+i) / 16000
			v := math.Sin(2*math.Pi*140*t) + 0.6*math.Sin(2*math.Pi*620*t) + 0.3*math.Sin(2*math.Pi*2100*t) + 0.1*r.NormFloat64()
			pcm[i] = int16(4000 * v * (0.6 + 0.4*math.Sin(2*math.Pi*4*t)))
		}
		u, a, w := make([]byte, 160), make([]byte, 160), make([]byte, 160)
		for i := range u {
			u[i], a[i], w[i] = g711.EncodeULaw(pcm[2*i]), g711.EncodeALaw(pcm[2*i]), byte(r.Uint32())
		}
		packet := make([]byte, 1500)
		n, err := encoder.Encode(packet, pcm)
		if err != nil {
			return err
		}
		ulaw, alaw, g722, packets = append(ulaw, u), append(alaw, a), append(g722, w), append(packets, packet[:n])
	}
	formats["ulaw"] = format{0, "PCMU/8000", 160, ulaw}
	formats["alaw"] = format{8, "PCMA/8000", 160, alaw}
	formats["g722"] = format{9, "G722/8000", 160, g722}
	formats["opus"] = format{96, "opus/48000/2", 960, packets}
	return nil
}

// row is a line of the table. run returns the cost in unit, and says in words what else there is to know.
type row struct {
	name, what, unit string
	goal             float64
	run              func(b *bench) (cost float64, note string, err error)
}

var rows = []row{
	{"relay", "relayed packet, G.711, 100 calls", "µs", 8, func(b *bench) (float64, string, error) { return b.media("7000", "ulaw", 100, packetCost) }},
	{"relay-300", "the same, 300 calls", "µs", 5, func(b *bench) (float64, string, error) { return b.media("7000", "ulaw", 300, packetCost) }},
	{"xcode-alaw", "packet through µ↔A, 100 calls", "µs", 9, func(b *bench) (float64, string, error) { return b.media("5000", "alaw", 100, packetCost) }},
	{"xcode-opus", "PCMU ↔ Opus, 20 calls", "ms/call-s", 7, func(b *bench) (float64, string, error) { return b.media("8000", "opus", 20, secondCost) }},
	{"xcode-g722", "PCMU ↔ G.722, 50 calls", "ms/call-s", 2, func(b *bench) (float64, string, error) { return b.media("9000", "g722", 50, secondCost) }},
	{"conf-500", "one room of 500 members, all talk", "ms/member-s", 0.5, func(b *bench) (float64, string, error) { return b.conference("602", 500, 500) }},
	{"conf-500-one", "the same, one talks", "ms/member-s", 0.3, func(b *bench) (float64, string, error) { return b.conference("602", 500, 1) }},
	{"conf-20", "one room of 20 members, all talk", "ms/member-s", 0.5, func(b *bench) (float64, string, error) { return b.conference("602", 20, 20) }},
	{"conf-5", "100 rooms of 5 members, all talk", "ms/member-s", 0.5, func(b *bench) (float64, string, error) { return b.conference("62%03d", 500, 500) }},
	{"play", "a tone played, 100 calls", "ms/call-s", 0.5, func(b *bench) (float64, string, error) { return b.media("601", "", 100, secondCost) }},
	{"setup-dial-lua", "bridged call set up by Lua and torn down, 20/s", "ms", 1.2, func(b *bench) (float64, string, error) { return b.calls("3000", 20, (*bench).hangup) }},
	{"reg", "REGISTER with digest, 20 outstanding", "µs", 180, (*bench).registrations},
	{"ivr-lua", "IVR call in Lua: prompt, 4 digits, prompt, 20/s", "ms", 2, func(b *bench) (float64, string, error) { return b.calls("604", 20, (*bench).menu) }},
	{"loop", "a turn with 3 channel variables", "µs", 1, (*bench).loop},
	{"memory", "two-leg call", "kB", 120, func(b *bench) (float64, string, error) { return b.memory("7000", "ulaw") }},
	{"memory-opus", "two-leg call, PCMU ↔ Opus", "kB", 250, func(b *bench) (float64, string, error) { return b.memory("8000", "opus") }},
	{"latency", "added latency p99 of a relayed packet, 300 calls", "ms", 10, func(b *bench) (float64, string, error) { return b.media("7000", "ulaw", 300, latency) }},
}

func main() {
	length := flag.Duration("time", 5*time.Second, "how long each row is measured")
	only := flag.String("only", "", "rows, comma separated; all without it")
	save := flag.Bool("save", false, "keep the figures in tests/bench/figures.json, for the next run to compare with")
	flag.Parse()
	if err := run(*length, *only, *save); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(length time.Duration, only string, save bool) error {
	_, source, _, _ := runtime.Caller(0)
	home := filepath.Dir(source)
	kept := filepath.Join(home, "figures.json")
	before := map[string]float64{}
	if text, err := os.ReadFile(kept); err == nil {
		if err := json.Unmarshal(text, &before); err != nil {
			return fmt.Errorf("%s: %w", kept, err)
		}
	}
	if err := speak(); err != nil {
		return err
	}
	today := map[string]float64{}
	var failed error
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "row\twork\tgoal\tbefore\ttoday\tunit\t\n")
	for _, r := range rows {
		if only != "" && !slices.Contains(strings.Split(only, ","), r.name) {
			continue
		}
		cost, note, err := measure(home, length, r)
		if err != nil {
			failed = cmp.Or(failed, fmt.Errorf("%s: %w", r.name, err))
			note = err.Error()
		} else {
			today[r.name] = math.Round(cost*100) / 100
		}
		was := "-"
		if v, ok := before[r.name]; ok {
			was = fmt.Sprintf("%.3g", v)
		}
		fmt.Fprintf(os.Stderr, "%s: %.3g %s  %s\n", r.name, cost, r.unit, note)
		fmt.Fprintf(table, "%s\t%s\t%g\t%s\t%.3g\t%s\t%s\n", r.name, r.what, r.goal, was, cost, r.unit, note)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if save {
		for name, v := range today {
			before[name] = v
		}
		text, err := json.MarshalIndent(before, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(kept, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return failed
}

// measure starts a PBX for one row.
func measure(home string, length time.Duration, r row) (cost float64, note string, err error) {
	env := []string{fmt.Sprintf("SIP_PORT=%d", sipPort), fmt.Sprintf("UAS_PORT=%d", uasPort)}
	if _, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 1 {
		env = append(env, "PBX_CPU=0")
	}
	b, stop, err := start(home, sipPort, uasPort, env)
	if err != nil {
		return 0, "", err
	}
	defer stop()
	b.length = length
	time.Sleep(time.Second) // what a PBX does after its start is not the load's
	return r.run(b)
}

// start starts a PBX by the adapter and the load's two user agents; stop ends them all.
func start(home string, sip, uas int, env []string) (b *bench, stop func(), err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, nil, err
	}
	adapter := func(words ...string) *exec.Cmd {
		c := exec.Command(filepath.Join(home, "adapter"), append(words, dir)...)
		c.Env = append(os.Environ(), env...)
		c.Stderr = os.Stderr
		return c
	}
	b = &bench{conf: filepath.Join(dir, "etc", "asterisk.conf")}
	stop = func() {
		for _, u := range []*ua{b.uac, b.uas} {
			if u != nil {
				_ = u.conn.Close()
			}
		}
		_ = adapter("stop").Run()
		_ = os.RemoveAll(dir)
	}
	if err := adapter("start").Run(); err != nil {
		stop()
		return nil, nil, fmt.Errorf("the PBX does not start: %w", err)
	}
	out, err := adapter("pid").Output()
	b.pid = strings.TrimSpace(string(out))
	if err == nil {
		b.uac, err = newUA(0, sip)
	}
	if err == nil {
		b.uas, err = newUA(uas, sip)
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return b, stop, nil
}

// ticks are those of /proc's CPU times: USER_HZ is 100 on every Linux.
const ticks = 100

// cpu is what the PBX has used.
func (b *bench) cpu() (time.Duration, error) {
	text, err := os.ReadFile("/proc/" + b.pid + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	user, err1 := strconv.Atoi(f[11])
	system, err2 := strconv.Atoi(f[12])
	return time.Duration(user+system) * time.Second / ticks, cmp.Or(err1, err2)
}

// resident is the PBX's memory in kB.
func (b *bench) resident() (float64, error) {
	text, err := os.ReadFile("/proc/" + b.pid + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	return strconv.ParseFloat(strings.Fields(rest)[0], 64)
}
