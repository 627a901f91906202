package lint

import "asterism/engine/dialplan"

// The codes. They are stable: a comment or a CI rule that names one keeps its meaning; one that is given up is not given again.
const (
	codeConf   = "A001" // a .conf file
	codeSyntax = "A002" // Lua that does not compile
	codeLoad   = "A003" // a dialplan or plugin that cannot be loaded as it is

	codeApplication = dialplan.CodeApplication // A101: app.X that is none
	codeFunction    = dialplan.CodeFunction    // A102: channel.F() that is none
	codeGlobal      = "A103"                   // a global that nobody sets
	codeField       = "A104"                   // string.trim, which Lua does not have
	codeOption      = "A105"                   // an option letter that the application does not know
	codeIgnored     = "A106"                   // an option letter that has no effect yet
	codeDot         = "A107"                   // channel.X.get() instead of channel.X:get()
	codeObject      = "A108"                   // channel.X where channel.X:get() is meant
	codeMissing     = "A109"                   // an argument that is not there
	codeArgument    = "A110"                   // an argument that cannot be
	codeItem        = "A111"                   // CALLERID(nmu)
	codeValue       = "A112"                   // channel.X = nil

	codePattern     = dialplan.CodePattern // A201
	codeUnreachable = "A202"               // an extension that another one hides
	codeInclude     = dialplan.CodeInclude // A203
	codeCircle      = dialplan.CodeCircle  // A204
	codeDoubled     = dialplan.CodeDoubled // A205
	codePlace       = "A206"               // a goto to where nothing is
	codeContext     = "A207"               // an endpoint's context that the dialplan has not
	codeUnbegun     = "A208"               // an extension of extensions.conf without priority 1

	codePrompt     = "A301" // a prompt that is missing
	codeEndpoint   = "A302" // an endpoint that pjsip.conf has not
	codeTarget     = "A303" // what is dialled is no Tech/resource
	codeTechnology = "A304" // a technology that is not here
)

// Codes says what each code stands for, for the manual and for tests that look for a gap.
var Codes = map[string]string{
	codeConf: "a .conf file says what cannot be done", codeSyntax: "Lua that does not compile", codeLoad: "a dialplan or plugin that does not load",
	codeApplication: "unknown application", codeFunction: "unknown function", codeGlobal: "undefined global", codeField: "unknown field of a library",
	codeOption: "unknown option letter", codeIgnored: "option letter without effect", codeDot: "'.' where ':' is meant",
	codeObject: "channel.X used as if it were its value", codeMissing: "argument that is missing", codeArgument: "argument that cannot be",
	codeItem: "unknown item of a function", codeValue: "value that no variable can have", codeUnbegun: "extension without priority 1",
	codePattern: "broken pattern", codeUnreachable: "extension that is never reached", codeInclude: "include that leads nowhere",
	codeCircle: "includes in a circle", codeDoubled: "extension defined twice", codePlace: "goto to where nothing is",
	codeContext: "context of an endpoint that is missing", codePrompt: "prompt that is missing", codeEndpoint: "endpoint that does not exist",
	codeTarget: "no Tech/resource", codeTechnology: "unknown technology",
}
