package tone

import (
	"strings"
	"sync"
)

// country is a row of the table: what ITU-T E.180 supplement 2 and the national specifications list. A field that is "" follows the
// custom of most: see lists.
type country struct {
	name                          string
	dial, busy, ring, congestion  string
	waiting, recall, record, info string
	stutter                       string
	more                          map[string]string // tones only this country has
}

// Ringing of one second in five, and the other cadences that many countries share.
const (
	fivesec   = "425/1000,0/4000"
	halfsec   = "425/500,0/500"
	quick200  = "425/200,0/200"
	quick250  = "425/250,0/250"
	twice150  = "425/150,0/150,425/150,0/4000"
	sit       = "950/330,1400/330,1800/330,0/1000" // special information tone, E.180 clause 7
	sitOnce   = "!950/330,!1400/330,!1800/330,0"   // then silence
	beep15    = "1400/500,0/15000"                 // a recording is made
	beep15a   = "1400/400,0/15000"
	beep15b   = "1400/80,0/15000"
	american  = "350+440"
	broken50  = "425/500,0/50"
	scanFinn  = "950/650,0/325,950/325,0/30,1400/1300,0/2600"
	alternate = "470/400,425/400"
)

// sitThrice is the special information tone three times, then silence.
var sitThrice = strings.Repeat("!950/330,!1400/330,!1800/330,!0/1000,", 3) + "0"

// pips are n short bursts of a tone, after which it stays: the customary recall and stutter dial tones.
func pips(n int, tone, ms string) string {
	return strings.Repeat("!"+tone+"/"+ms+",!0/"+ms+",", n) + tone
}

// countries is the table behind Builtin, by the names Asterisk gives them (uk, not gb): a row a country, hence its length.
// Deviates: jp rings with the modulated tone of E.180 and th as E.180 says, where Asterisk's sample has 400+15 and 420/1000,0/5000.
func countries() []country {
	return []country{
		{name: "at", dial: "420", busy: "420/400,0/400", ring: "420/1000,0/5000", congestion: "420/200,0/200", waiting: "420/40,0/1960", recall: "420",
			record: "1400/80,0/14920", info: "950/330,1450/330,1850/330,0/1000", stutter: "380+420"},
		{name: "au", dial: "413+438", busy: "425/375,0/375", ring: "413+438/400,0/200,413+438/400,0/2000", congestion: "425/375,0/375,420/375,0/375",
			waiting: "425/200,0/200,425/200,0/4400", recall: "413+438", record: "!425/1000,!0/15000,425/360,0/15000", info: "425/2500,0/500",
			stutter: "413+438/100,0/40", more: map[string]string{"std": strings.Repeat("!525/100,!0/100,", 4) + "!525/100", "facility": "425",
				"ringmobile": "400+450/400,0/200,400+450/400,0/2000"}},
		{name: "be", dial: "425", busy: halfsec, ring: "425/1000,0/3000", congestion: "425/167,0/167", waiting: "1400/175,0/175,1400/175,0/3500",
			recall: pips(3, american, "100"), info: "900/330,1400/330,1800/330,0/1000", stutter: "425/1000,0/250"},
		{name: "bg", dial: "425", busy: halfsec, ring: fivesec, congestion: quick250, waiting: twice150, record: "1400/425,0/15000", stutter: "425/1500,0/100"},
		{name: "br", dial: "425", busy: quick250, ring: fivesec, congestion: "425/250,0/250,425/750,0/250", waiting: "425/50,0/1000", recall: american,
			record: quick250, info: "950/330,1400/330,1800/330", stutter: american},
		{name: "ch", dial: "425", busy: halfsec, ring: fivesec, congestion: quick200, waiting: "425/200,0/200,425/200,0/4000", record: beep15b,
			stutter: "425+340/1100,0/1100"},
		{name: "cl", dial: "400", busy: "400/500,0/500", ring: "400/1000,0/3000", congestion: "400/200,0/200", waiting: "400/250,0/8750",
			info: "950/333,1400/333,1800/333,0/1000"},
		{name: "cn", dial: "450", busy: "450/350,0/350", ring: "450/1000,0/4000", congestion: "450/700,0/700", waiting: "450/400,0/4000", recall: "450",
			record: "950/400,0/10000", info: "450/100,0/100,450/100,0/100,450/100,0/100,450/400,0/400", stutter: "450+425"},
		{name: "cz", dial: "425/330,0/330,425/660,0/660", busy: "425/330,0/330", ring: fivesec, congestion: "425/165,0/165", waiting: "425/330,0/9000",
			recall: pips(3, "425", "100") + "/330,0/330,425/660,0/660", record: "1400/500,0/14000", info: "950/330,0/30,1400/330,0/30,1800/330,0/1000",
			stutter: "425/450,0/50"},
		{name: "de", dial: "425", busy: "425/480,0/480", ring: fivesec, congestion: "425/240,0/240",
			waiting: strings.Repeat("!425/200,!0/200,!425/200,!0/5000,", 4) + "!425/200,!0/200,!425/200,0", record: beep15b, stutter: "425+400"},
		{name: "dk", dial: "425", busy: halfsec, ring: fivesec, congestion: quick200, waiting: "!425/200,!0/600,!425/200,!0/3000,!425/200,!0/200,!425/200,0",
			record: beep15b, stutter: "425/450,0/50"},
		{name: "ee", dial: "425", busy: "425/300,0/300", ring: fivesec, congestion: quick200, waiting: scanFinn, recall: "425/650,0/25", info: scanFinn},
		{name: "es", dial: "425", busy: quick200, ring: "425/1500,0/3000", congestion: "425/200,0/200,425/200,0/200,425/200,0/600",
			waiting: "425/175,0/175,425/175,0/3500", recall: pips(3, "425", "200"), info: "950/330,0/1000", more: map[string]string{"dialout": "500"}},
		{name: "fi", dial: "425", busy: "425/300,0/300", ring: fivesec, congestion: quick200, waiting: "425/150,0/150,425/150,0/8000",
			recall: "425/650,0/25", info: scanFinn, stutter: "425/650,0/25"},
		{name: "fr", dial: "440", busy: "440/500,0/500", ring: "440/1500,0/3500", congestion: "440/250,0/250", waiting: "440/300,0/10000",
			recall: pips(3, american, "100"), info: "!950/330,!1400/330,!1800/330"},
		{name: "gr", dial: "425/200,0/300,425/700,0/800", busy: "425/300,0/300", ring: fivesec, congestion: quick200, waiting: "425/150,0/150,425/150,0/8000",
			recall: "425/650,0/25", record: beep15a, info: sitThrice, stutter: "425/650,0/25"},
		{name: "hu", dial: "425", busy: "425/300,0/300", ring: "425/1250,0/3750", congestion: "425/300,0/300", waiting: "425/40,0/1960", recall: "425+450",
			record: beep15a, info: sitThrice, stutter: "350+375+400"},
		{name: "id", dial: "425", busy: halfsec, ring: fivesec, congestion: quick250, waiting: "425/150,0/150,425/150,0/10000",
			info: "!950/330,!1400/330,!1800/330,0/1000"},
		{name: "il", dial: "414", busy: "414/500,0/500", ring: "414/1000,0/3000", congestion: "414/250,0/250",
			waiting: "414/100,0/100,414/100,0/100,414/600,0/3000", info: "1000/330,1400/330,1800/330,0/1000", stutter: pips(10, "414", "160")},
		{name: "in", dial: "400*25", busy: "400/750,0/750", ring: "400*25/400,0/200,400*25/400,0/2000", congestion: "400/250,0/250",
			waiting: "400/200,0/100,400/200,0/7500", recall: pips(3, american, "100"), info: "!950/330,!1400/330,!1800/330,0/1000"},
		{name: "it", dial: "425/200,0/200,425/600,0/1000", busy: halfsec, ring: fivesec, congestion: quick200,
			waiting: "425/400,0/100,425/250,0/100,425/150,0/14000", recall: alternate, record: beep15a, info: sitThrice, stutter: alternate},
		{name: "jp", dial: "400", busy: "400/500,0/500", ring: "400*16/1000,0/2000", congestion: "400/500,0/500", waiting: "400*16/500,0/8000",
			recall: pips(3, "400", "200"), info: sitOnce},
		{name: "lt", dial: "425", busy: "425/350,0/350", ring: fivesec, congestion: quick200, waiting: twice150, recall: broken50, info: sitThrice},
		{name: "mx", dial: "425", busy: quick250, ring: fivesec, congestion: quick250, waiting: "425/200,0/600,425/200,0/10000",
			recall: pips(3, american, "100"), info: "950/330,0/30,1400/330,0/30,1800/330,0/1000"},
		{name: "my", dial: "425", busy: halfsec, ring: "425/400,0/200,425/400,0/2000", congestion: halfsec, waiting: twice150},
		{name: "nl", dial: "425", busy: halfsec, ring: fivesec, congestion: quick250, waiting: "425/500,0/9500", recall: broken50, stutter: broken50},
		{name: "no", dial: "425", busy: halfsec, ring: fivesec, congestion: quick200, waiting: "425/200,0/600,425/200,0/10000", recall: alternate,
			record: beep15a, info: sitThrice, stutter: alternate},
		{name: "nz", dial: "400", busy: "400/500,0/500", ring: "400+450/400,0/200,400+450/400,0/2000", congestion: "400/250,0/250",
			waiting: strings.Repeat("!400/200,!0/3000,", 3) + "!400/200", record: "1400/425,0/15000",
			info: "400/750,0/100,400/750,0/100,400/750,0/100,400/750,0/400",
			more: map[string]string{"unobtainable": "400/75,0/100,400/75,0/100,400/75,0/100,400/75,0/400"}},
		{name: "ph", dial: "425", busy: "480+620/500,0/500", ring: "425+480/1000,0/4000", congestion: "480+620/250,0/250", waiting: "440/300,0/10000",
			recall: pips(3, american, "100"), info: sitOnce},
		{name: "pl", dial: "425", busy: halfsec, ring: fivesec, congestion: halfsec, waiting: twice150, recall: broken50,
			info: strings.TrimSuffix(sitThrice, ",0")},
		{name: "pt", dial: "425", busy: halfsec, ring: "425/1000,0/5000", congestion: quick200, waiting: "440/300,0/10000", recall: "425/1000,0/200"},
		{name: "ru", dial: "425", busy: "425/350,0/350", ring: fivesec, congestion: "425/175,0/175", waiting: "425/200,0/5000", recall: "425/400,0/40",
			record: beep15a},
		{name: "se", dial: "425", busy: quick250, ring: "425/1000,0/5000", congestion: "425/250,0/750", waiting: "425/200,0/500,425/200,0/9100",
			info: strings.Repeat("!950/332,!0/24,!1400/332,!0/24,!1800/332,!0/2024,", 5) + "0"},
		{name: "sg", dial: "425", busy: "425/750,0/750", ring: "425*24/400,0/200,425*24/400,0/2000", congestion: quick250,
			waiting: "425*24/300,0/200,425*24/300,0/3200", recall: "425*24/500,0/500,425/500,0/2500",
			stutter: strings.Repeat("!425/200,!0/200,!425/600,!0/200,", 4) + "425", more: map[string]string{"nutone": "425/2500,0/500",
				"intrusion": "425/250,0/2000", "warning": "425/624,0/4376", "acceptance": "425/125,0/125", "holdinga": "!425*24/500,!0/500",
				"holdingb": "!425/500,!0/2500"}},
		{name: "th", dial: "400*50", busy: "400/500,0/500", ring: "400/1000,0/4000", congestion: "400/300,0/300", waiting: "!1000/400,!0/10000,!1000/400",
			recall: "400*50/400,0/100", info: "950/330,1400/330,1800/330", stutter: strings.Repeat("!400/200,!0/200,!400/600,!0/200,", 4) + "400"},
		{name: "tw", dial: american, busy: "480+620/500,0/500", ring: "440+480/1000,0/2000", congestion: "480+620/250,0/250",
			waiting: "350+440/250,0/250,350+440/250,0/3250", recall: "300/1500,0/500", info: sitOnce},
		{name: "uk", dial: american, busy: "400/375,0/375", ring: "400+450/400,0/200,400+450/400,0/2000", congestion: "400/400,0/350,400/225,0/525",
			waiting: "400/100,0/4000", recall: american, record: "1400/500,0/60000", info: "950/330,0/15,1400/330,0/15,1800/330,0/1000",
			stutter: "350+440/750,440/750", more: map[string]string{ // BT's SIN 350
				"specialdial": "350+440/750,440/750", "specialcongestion": "400/200,1004/300", "unobtainable": "400",
				"specialcallwaiting": "400/250,0/250,400/250,0/250,400/250,0/5000", "creditexpired": "400/125,0/125", "confirm": "1400",
				"switching": "400/200,0/400,400/2000,0/400"}},
		{name: "us", dial: american, busy: "480+620/500,0/500", ring: "440+480/2000,0/4000", congestion: "480+620/250,0/250", waiting: "440/300,0/10000",
			info: sitOnce},
		{name: "us-old", dial: "600*120", busy: "500*100/500,0/500", ring: "420*40/2000,0/4000", congestion: "500*100/250,0/250",
			waiting: "440/300,0/10000", info: sitOnce},
		{name: "ve", dial: "425", busy: halfsec, ring: fivesec, congestion: quick250, waiting: "400+450/300,0/6000", recall: "425",
			info: "!950/330,!1440/330,!1800/330,0/1000"},
		{name: "za", dial: "400*33", busy: "400/500,0/500", ring: "400*33/400,0/200,400*33/400,0/2000", congestion: "400/250,0/250",
			waiting: "400*33/250,0/250,400*33/250,0/250,400*33/250,0/250,400*33/250,0/250", recall: american, record: "1400/500,0/10000",
			info: "950/330,1400/330,1800/330,0/330"},
	}
}

// lists are the row's tones by Asterisk's names.
func (c country) lists() map[string]string {
	out := map[string]string{"dial": c.dial, "busy": c.busy, "ring": c.ring, "congestion": c.congestion, "callwaiting": c.waiting,
		"dialrecall": pips(3, c.dial, "100"), "record": beep15, "info": sit, "stutter": pips(6, c.dial, "100")}
	for name, list := range map[string]string{"dialrecall": c.recall, "record": c.record, "info": c.info, "stutter": c.stutter} {
		if list != "" {
			out[name] = list
		}
	}
	for name, list := range c.more {
		out[name] = list
	}
	return out
}

// Builtin are the countries without an indications.conf; the default is us.
var Builtin = sync.OnceValue(func() *Zones {
	z := &Zones{country: fallback, zones: map[string]zone{}}
	for _, c := range countries() {
		tones := zone{}
		for name, text := range c.lists() {
			list, err := Parse(text)
			if err != nil { // a row of ours; TestCountries reads them all
				continue
			}
			tones[name] = list
		}
		z.zones[c.name] = tones
	}
	return z
})
