package main

import (
	"context"
	"os"
	"syscall"
	"time"

	"asterism/engine"
	"asterism/engine/manage"
	"asterism/engine/manage/logger"

	"github.com/rs/zerolog"
)

// stopRequests carries `core stop …` to the main goroutine. More than it holds say nothing new.
type stopRequests chan manage.Stop

// Stop implements manage.Control.
func (c stopRequests) Stop(s manage.Stop) {
	select {
	case c <- s:
	default:
	}
}

// life waits for the end.
type life struct {
	engine  *engine.Engine
	router  *logger.Router
	log     zerolog.Logger
	signals <-chan os.Signal
	stops   stopRequests
	grace   time.Duration
}

// wait returns once the engine has shut down.
func (l life) wait(ctx context.Context) (restart bool) {
	for {
		select {
		case sig := <-l.signals:
			if sig == syscall.SIGHUP {
				l.reload()
				continue
			}
			l.log.Info().Str("signal", sig.String()).Msg("stopping; once more ends at once")
			calls, cancel := context.WithTimeout(ctx, l.grace)
			l.shutdown(calls, cancel)
			return false
		case s := <-l.stops:
			calls, cancel := context.WithCancel(ctx)
			switch s.When {
			case manage.Now:
				l.log.Info().Msg("stopping")
				cancel()
			case manage.Gracefully:
				l.log.Info().Msg("stopping once the calls that are up have ended")
			case manage.WhenConvenient:
				l.log.Info().Msg("stopping once no call is up")
				go func() { // ends with the calls or with this loop, whose ctx it has
					l.engine.Idle(ctx)
					l.stops.Stop(manage.Stop{When: manage.Gracefully, Restart: s.Restart})
				}()
				cancel()
				continue
			}
			return l.shutdown(calls, cancel) || s.Restart
		}
	}
}

// shutdown ends the engine; calls may go on until the context ends. A further stop request cuts them short, a further signal
// ends the process on the spot. It tells whether the further request asked for a restart.
func (l life) shutdown(calls context.Context, cut context.CancelFunc) (restart bool) {
	defer cut()
	done := make(chan struct{})
	go func() { // waited for below, but for the signal that ends the process
		defer close(done)
		if err := l.engine.Shutdown(calls); err != nil {
			l.log.Error().Err(err).Msg("shutdown")
		}
	}()
	cutShort := calls.Err() != nil
	if _, timed := calls.Deadline(); timed {
		cutShort = true
	}
	for {
		select {
		case <-done:
			l.log.Info().Msg("stopped")
			return restart
		case s := <-l.stops:
			restart = restart || s.Restart
			if s.When == manage.Now {
				cut()
			}
		case sig := <-l.signals:
			if sig == syscall.SIGHUP {
				continue
			}
			if cutShort {
				l.router.Close()
				os.Exit(1)
			}
			cutShort = true
			cut()
		}
	}
}

// reload is SIGHUP: configuration and dialplan, and log files that were moved away.
func (l life) reload() {
	if err := l.router.Rotated(); err != nil {
		l.log.Error().Err(err).Msg("log files not reopened")
	}
	l.engine.Reload() // says in the log what came of it
}
