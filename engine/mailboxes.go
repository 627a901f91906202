package engine

import (
	"context"
	"strconv"
	"strings"
	"time"

	"asterism/engine/event"
	"asterism/engine/outbox"
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

// outboxSettings is what voicemail.conf [general] says of letters and transcriptions now.
func (e *Engine) outboxSettings() outbox.Settings {
	general := map[string]string{}
	if f := e.Config().File("voicemail.conf"); f != nil {
		for _, section := range f.Sections {
			for _, o := range section.Options {
				if section.Name == "general" {
					general[strings.ToLower(o.Name)] = strings.TrimSpace(o.Value)
				}
			}
		}
	}
	seconds, _ := strconv.ParseFloat(general["transcribetimeout"], 64) // what is no number is the default
	s := outbox.Settings{Command: general["mailcmd"], Server: general["smtpserver"], Security: strings.ToLower(general["smtpsecurity"]),
		User: general["smtpuser"], Password: general["smtppassword"], CAFile: general["smtpcafile"],
		Transcribe: general["transcribe"], TranscribeURL: general["transcribeurl"], TranscribeTimeout: time.Duration(seconds * float64(time.Second))}
	if s.Command == "" {
		s.Command = "/usr/sbin/sendmail -t"
	}
	return s
}

// transcribed notes what a message says, and tells.
func (e *Engine) transcribed(j outbox.Job) {
	if err := e.cfg.Mailboxes.Transcribe(voicemail.ParseBox(j.Mailbox), j.Message, j.Text); err != nil {
		e.log.Error().Err(err).Str("mailbox", j.Mailbox).Msg("voicemail: a transcription cannot be kept")
	}
	e.cfg.Events.Publish(event.MessageTranscribed{At: time.Now(), Mailbox: j.Mailbox, Message: j.Message, Text: j.Text})
}
