package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os/exec"
	"path"
	"strings"
	"time"
	"unicode/utf8"
)

// maxText bounds what a recording may be found to say, bytes.
const maxText = 16 << 10

var errNoText = errors.New("no transcribe= in voicemail.conf any more")

// transcribe has somebody write down what the recording of a job says.
func (o *Outbox) transcribe(ctx context.Context, j Job, s Settings) (string, error) {
	timeout := s.TranscribeTimeout
	if timeout <= 0 {
		timeout = time.Minute
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var text string
	var err error
	switch {
	case s.Transcribe != "":
		text, err = o.run(bounded, j, s.Transcribe)
	case s.TranscribeURL != "":
		text, err = o.post(bounded, j, s.TranscribeURL)
	default:
		err = errNoText
	}
	if bounded.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("no text within %v", timeout)
	}
	if err == nil && !utf8.ValidString(text) {
		err = errors.New("the text is not UTF-8")
	}
	if err != nil {
		return "", err
	}
	return strings.Join(strings.Fields(text), " "), nil
}

// run has a command print the text; the path of the recording comes last on its line.
func (o *Outbox) run(ctx context.Context, j Job, command string) (string, error) {
	var out, complaints limited
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command+` "$0"`, path.Join(o.dir, o.soundOf(j)))
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &complaints, time.Second
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", command, err, strings.TrimSpace(complaints.String()))
	}
	return out.String(), nil
}

// post sends the recording to an endpoint, whose answer is text, or JSON with "text".
func (o *Outbox) post(ctx context.Context, j Job, url string) (string, error) {
	sound, err := o.root.ReadFile(o.soundOf(j))
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(sound))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", contentType(j.Sound))
	request.Header.Set("X-Message-ID", j.Message)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxText))
	if err != nil {
		return "", err
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", request.URL.Redacted(), answer.Status)
	}
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind == "application/json" {
		var said struct{ Text string }
		err := json.Unmarshal(body, &said)
		return said.Text, err
	}
	return string(body), nil
}

// limited keeps the first maxText bytes written to it.
type limited struct{ strings.Builder }

func (l *limited) Write(p []byte) (int, error) {
	l.Builder.Write(p[:min(len(p), max(maxText-l.Len(), 0))])
	return len(p), nil
}
