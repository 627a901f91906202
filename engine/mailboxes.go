package engine

import (
	"context"
	"time"

	"asterism/engine/event"
	"asterism/engine/voicemail"
)

// MessagesWaiting counts the messages of a mailbox, "100@default"; those that are urgent are among the new ones. A mailbox that is unknown
// has none. It reads directories. Changes are told by event.MailboxChanged.
func (e *Engine) MessagesWaiting(mailbox string) (fresh, old, urgent int) {
	if e.cfg.Mailboxes == nil {
		return 0, 0, 0
	}
	c := e.cfg.Mailboxes.Counts(voicemail.ParseBox(mailbox))
	return c.New, c.Old, c.Urgent
}

// watchMailboxes tells when messages come and go.
func (e *Engine) watchMailboxes(ctx context.Context) {
	err := e.cfg.Mailboxes.Watch(ctx, func(b voicemail.Box, c voicemail.Counts) {
		e.cfg.Events.Publish(event.MailboxChanged{At: time.Now(), Mailbox: b.String(), New: c.New, Old: c.Old, Urgent: c.Urgent})
	})
	if err != nil {
		e.log.Error().Err(err).Msg("voicemail: the spool cannot be watched: no lamp will tell of messages")
	}
}
