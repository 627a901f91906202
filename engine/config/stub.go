package config

func (l *loader) asterisk() {}
func (l *loader) logger()   {}
func (l *loader) rtp()      {}
func (l *loader) cdr()      {}
func (l *loader) acl()      {}
func (l *loader) pjsip()    {}
