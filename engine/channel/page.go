package channel

import "sync"

// Page rings all targets at once while the script goes on, and hands each channel that answers to answered, which owns it from then on;
// it runs on the page's goroutine and must not block. What rings still is cancelled when req.Timeout has passed, at stop, at the caller's
// hang-up, and when the script is sent elsewhere. Of req, Targets, Timeout, CallerID, Variables, IgnoreForwards, ForwardContext and Before count;
// Before is for the targets that are named, not for where they forward to. The goroutine ends with the page; Core.WaitMonitors waits for it.
func (c *Channel) Page(req DialRequest, answered func(*Channel)) (stop func(), err error) {
	if err := c.gone(); err != nil {
		return nil, err
	}
	before := req.Before
	req.Ringback, req.Digits, req.Delays, req.ProgressTimeout = RingbackNone, "", nil, 0
	d := &dial{caller: c, req: req, each: answered, quit: make(chan struct{}), began: c.core.clock.Now(), running: map[*dialLeg]bool{},
		reports: make(chan legReport, 16), done: make(chan struct{}), stopNext: func() {}}
	d.res.RingTime, d.res.ProgressTime = -1, -1
	var made []*dialLeg
	for _, t := range req.Targets {
		made = append(made, d.add(t, 0, nil)...)
	}
	d.req.Before = before
	err = d.call(made)
	d.req.Before = nil // it is the owner's, and does not run beside him
	if err != nil {
		d.cancelOthers(err)
		close(d.done)
		return nil, err
	}
	c.core.monitors.Go(func() {
		defer close(d.done)
		d.cancelOthers(d.wait())
	})
	var once sync.Once
	return func() { once.Do(func() { close(d.quit) }) }, nil
}
