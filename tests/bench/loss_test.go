package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestNoLoss: 200 calls talk for 30 s, and no packet is lost on its way through the PBX. What the kernel threw away in front of the
// load's own sockets, or in the loopback device's backlog, because the machine had no time, has passed the PBX or never reached it:
// the kernel counts those, and the test takes them off. Datagrams lost at the PBX's sockets are the PBX's loss.
func TestNoLoss(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	const calls, length = 200, 30 * time.Second
	binary := filepath.Join(t.TempDir(), "asterism")
	if out, err := exec.Command("go", "build", "-o", binary, "asterism/cmd/asterism").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := speak(); err != nil {
		t.Fatal(err)
	}
	sip, uas := free(t), free(t)
	b, stop, err := start(home, sip, uas, []string{fmt.Sprintf("SIP_PORT=%d", sip), fmt.Sprintf("UAS_PORT=%d", uas), "ASTERISM_BIN=" + binary})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	streams, held, err := b.talk("7000", "ulaw", calls)
	if err != nil {
		t.Fatal(err)
	}
	if len(streams) != 2*calls {
		t.Fatalf("%d streams", len(streams))
	}
	talk(streams, 2*time.Second) // until all are joined
	backlog := backlogDrops(t)
	window.open.Store(true)
	talk(streams, length)
	window.open.Store(false)
	backlog = backlogDrops(t) - backlog
	drops := socketDrops(t)
	if out, err := exec.Command(binary, "-C", b.conf, "-rx", "rtp show stats").Output(); err == nil {
		t.Logf("what the PBX says:\n%s", out)
	}
	for _, c := range held {
		if err := c.bye(); err != nil {
			t.Error(err)
		}
	}
	judge(t, streams, drops, backlog)
}

// talk lets the streams talk for a while, and waits for what is still on its way.
func talk(streams []*stream, d time.Duration) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { beat(streams, stop) })
	time.Sleep(d)
	close(stop)
	wg.Wait()
	for before := int64(-1); before != received(streams); {
		before = received(streams)
		time.Sleep(time.Second)
	}
}

func received(streams []*stream) (n int64) {
	for _, s := range streams {
		n += s.got.Load()
	}
	return n
}

// judge compares what all have sent with the different packets that came.
func judge(t *testing.T, streams []*stream, drops map[int]int64, backlog int64) {
	var sent, got, excused int64
	for _, s := range streams {
		s.close()
		<-s.ended
		sent += s.sent.Load()
		for _, seen := range s.seen {
			if seen {
				got++
			}
		}
		excused += drops[s.conn.LocalAddr().(*net.UDPAddr).Port]
	}
	t.Logf("%d packets sent, %d relayed; not the PBX's: %d lost at the load's sockets, %d in the loopback's backlog", sent, got, excused, backlog)
	if want := int64(len(streams)) * 50 * 20; sent < want {
		t.Errorf("only %d packets sent of %d: this machine is too busy to tell", sent, want)
	}
	if got > sent {
		t.Errorf("%d packets more than were sent", got-sent)
	}
	if lost := sent - got; lost > excused+backlog {
		t.Errorf("%d packets lost of %d", lost-excused-backlog, sent)
	}
}

func free(t *testing.T) int {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).Port
}

// socketDrops is the last column of /proc/net/udp, datagrams a socket's buffer had no room for, by local port.
func socketDrops(t *testing.T) map[int]int64 {
	drops := map[int]int64{}
	each(t, "/proc/net/udp", func(f []string) {
		if len(f) < 13 || f[0] == "sl" {
			return
		}
		_, port, _ := strings.Cut(f[1], ":")
		p, err1 := strconv.ParseInt(port, 16, 32)
		n, err2 := strconv.ParseInt(f[len(f)-1], 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("/proc/net/udp: %q", f)
		}
		drops[int(p)] += n
	})
	return drops
}

// backlogDrops is the second column of /proc/net/softnet_stat, of all processors: packets that found the backlog full.
func backlogDrops(t *testing.T) (n int64) {
	each(t, "/proc/net/softnet_stat", func(f []string) {
		v, err := strconv.ParseInt(f[1], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		n += v
	})
	return n
}

func each(t *testing.T, file string, line func(fields []string)) {
	f, err := os.Open(file)
	if err != nil {
		t.Skip(err) // not Linux, or hidden: nobody could tell whose loss it was
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line(strings.Fields(lines.Text()))
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
