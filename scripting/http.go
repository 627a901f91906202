package scripting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// pbx.http: one request to a host that the site has allowed, while the call waits. The hang-up ends it.

// Bounds of a request.
const (
	httpTimeout   = 10 * time.Second
	httpLongest   = 30 * time.Second
	httpRequest   = 1 << 20 // bytes of a body
	httpAnswer    = 1 << 20
	httpRedirects = 3
)

// httpGet is pbx.http.get(url [, how]).
func (c *call) httpGet(l *lua.LState) int {
	return c.httpDo(l, http.MethodGet, "", l.OptTable(2, nil))
}

// httpPost is pbx.http.post(url, body [, how]); a table as body is sent as JSON.
func (c *call) httpPost(l *lua.LState) int {
	body, kind := "", "application/x-www-form-urlencoded"
	if t, ok := l.Get(2).(*lua.LTable); ok {
		v, err := toPlain(t)
		var b strings.Builder
		if err == nil {
			err = writeJSON(&b, v)
		}
		if err != nil {
			l.ArgError(2, err.Error())
		}
		body, kind = b.String(), "application/json"
	} else {
		body = l.OptString(2, "")
	}
	how := l.OptTable(3, l.NewTable())
	if headers, ok := how.RawGetString("headers").(*lua.LTable); !ok || headerOf(headers, "content-type") == "" {
		return c.httpDo(l, http.MethodPost, body, how, [2]string{"Content-Type", kind})
	}
	return c.httpDo(l, http.MethodPost, body, how)
}

func headerOf(t *lua.LTable, name string) (value string) {
	for k, v := range fields(t) {
		if strings.EqualFold(k, name) {
			value = lua.LVAsString(v)
		}
	}
	return value
}

// httpDo pushes {status=, headers=, body=}, or nil and why there is no answer. A host that is not allowed raises: it is the script's
// mistake, not the network's.
func (c *call) httpDo(l *lua.LState, method, body string, how *lua.LTable, more ...[2]string) int {
	u, err := url.Parse(l.CheckString(1))
	if err == nil {
		err = c.mayRequest(u)
	}
	if err != nil {
		l.RaiseError("pbx.http: %s", err.Error())
	}
	if len(body) > httpRequest {
		l.RaiseError("pbx.http: a body of %d bytes; at most %d", len(body), httpRequest)
	}
	timeout := httpTimeout
	request, err := http.NewRequest(method, u.String(), strings.NewReader(body))
	if err != nil {
		l.RaiseError("pbx.http: %s", err.Error())
	}
	for _, h := range more {
		request.Header.Set(h[0], h[1])
	}
	if how != nil {
		if ms, ok := how.RawGetString("timeout_ms").(lua.LNumber); ok {
			timeout = min(max(toDuration(float64(ms)), time.Millisecond), httpLongest)
		}
		if headers, ok := how.RawGetString("headers").(*lua.LTable); ok {
			for k, v := range fields(headers) {
				request.Header.Set(k, lua.LVAsString(v))
			}
		}
	}
	var status int
	var header http.Header
	var answer []byte
	err = c.pausing(func() error {
		ctx, cancel := context.WithTimeout(c.lasting(), timeout)
		defer cancel()
		res, err := c.httpClient().Do(request.WithContext(ctx))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if answer, err = io.ReadAll(io.LimitReader(res.Body, httpAnswer+1)); err != nil {
			return err
		}
		if len(answer) > httpAnswer {
			return fmt.Errorf("an answer of more than %d bytes", httpAnswer)
		}
		status, header = res.StatusCode, res.Header
		return nil
	})
	if err != nil {
		if c.ch != nil && c.ch.HungUp() && errors.Is(err, context.Canceled) {
			c.raise(l, context.Canceled)
		}
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	t, headers := l.CreateTable(0, 3), l.CreateTable(0, len(header))
	for k, v := range header {
		headers.RawSetString(strings.ToLower(k), lua.LString(strings.Join(v, ", ")))
	}
	t.RawSetString("status", lua.LNumber(status))
	t.RawSetString("headers", headers)
	t.RawSetString("body", lua.LString(answer))
	l.Push(t)
	return 1
}

// mayRequest checks a URL against the site's list; redirects are checked, too.
func (c *call) mayRequest(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return fmt.Errorf("%q is no http or https URL", u.Redacted())
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if !c.gen.can.mayAsk(u.Hostname(), port) {
		return fmt.Errorf("host %s is not allowed; add it to http = in [sandbox] of %s", net.JoinHostPort(u.Hostname(), port), capabilityFile)
	}
	return nil
}

// httpClient asks without a proxy and keeps no connection: a call asks seldom, and nothing of it must stay behind.
func (c *call) httpClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > httpRedirects {
				return errors.New("too many redirects")
			}
			return c.mayRequest(r.URL)
		},
	}
}
