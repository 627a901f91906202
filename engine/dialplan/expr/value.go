package expr

import (
	"math"
	"math/big"
	"regexp"
	"strings"
)

// precision is the mantissa of C's long double on a PC, in bits; digits is what it prints.
const (
	precision   = 64
	digits      = 18
	maxExponent = 16384 // beyond it a long double is infinite
)

// value is a number, or text. Text in double quotes keeps them, and is compared as text even if it looks like a number.
type value struct {
	text string
	num  *big.Float // nil for text
}

func numeric(n *big.Float) value { return value{num: n} }

func integer(n int64) value { return numeric(newFloat().SetInt64(n)) }

func truth(b bool) value {
	if b {
		return integer(1)
	}
	return integer(0)
}

func newFloat() *big.Float { return new(big.Float).SetPrec(precision) }

func word(s string) value { return value{text: s} }

// looksNumeric: only digits, with a point at most. A sign is an operator.
func looksNumeric(s string) bool {
	points := 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '.':
			points++
		case s[i] < '0' || s[i] > '9':
			return false
		}
	}
	return points <= 1 && len(s) > points
}

// isText: it is compared as text.
func (v value) isText() bool { return v.num == nil && !looksNumeric(v.text) }

// number is v's number; zero and false for text that is none.
func (v value) number() (*big.Float, bool) {
	if v.num != nil {
		return newFloat().Set(v.num), true
	}
	s := strings.TrimSpace(v.text)
	if !looksNumeric(strings.TrimPrefix(s, "-")) {
		return newFloat(), false
	}
	n, ok := newFloat().SetString(s)
	if !ok {
		return newFloat(), false
	}
	return n, true
}

func (v value) String() string {
	switch {
	case v.num == nil:
		return v.text
	case v.num.IsInf() || v.num.MantExp(nil) > maxExponent:
		if v.num.Signbit() {
			return "-inf"
		}
		return "inf"
	case v.num.IsInt() && v.num.MantExp(nil) <= precision:
		n, _ := v.num.Int(nil)
		return n.String()
	}
	s := v.num.Text('g', digits)
	mantissa, exponent, scientific := strings.Cut(s, "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	if scientific {
		return mantissa + "e" + exponent
	}
	return mantissa
}

// isTrue: neither empty nor zero.
func (v value) isTrue() bool {
	if v.num == nil && v.text == "" {
		return false
	}
	n, ok := v.number()
	return !ok || n.Sign() != 0
}

// chooses is isTrue as the condition of ?:: sees it: empty quotes are false.
func (v value) chooses() bool { return v.isTrue() && v.text != `""` }

// unquoted is v's text without the double quotes around it.
func (v value) unquoted() string {
	s := v.String()
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

func (p *parser) apply(op string, a, b value) value {
	switch op {
	case "|", "||":
		if a.isTrue() {
			return a
		}
		return b
	case "&", "&&":
		if a.isTrue() && b.isTrue() {
			return a
		}
		return integer(0)
	case ":", "=~":
		return p.match(op, a, b)
	case "~~":
		return word(bound(a.unquoted() + b.unquoted()))
	case "+", "-", "*", "/", "%":
		return p.arithmetic(op, a, b)
	}
	return truth(compare(op, a, b))
}

func bound(s string) string {
	if len(s) > maxText {
		return s[:maxText]
	}
	return s
}

// compare compares numbers if both are, else text.
func compare(op string, a, b value) bool {
	var c int
	if a.isText() || b.isText() {
		c = strings.Compare(a.String(), b.String())
	} else {
		x, _ := a.number()
		y, _ := b.number()
		c = x.Cmp(y)
	}
	switch op {
	case "=", "==":
		return c == 0
	case "!=":
		return c != 0
	case "<":
		return c < 0
	case ">":
		return c > 0
	case "<=":
		return c <= 0
	}
	return c >= 0
}

// arithmetic takes what is no number for zero; a division by zero is the greatest integer, as in Asterisk.
func (p *parser) arithmetic(op string, a, b value) value {
	x, okX := a.number()
	y, okY := b.number()
	if x.IsInf() || y.IsInf() {
		return numeric(x)
	}
	switch op {
	case "+":
		x.Add(x, y)
	case "-":
		x.Sub(x, y)
	case "*":
		x.Mul(x, y)
	default:
		switch {
		case !okX || !okY:
			return integer(0)
		case y.Sign() == 0:
			return integer(math.MaxInt32)
		case op == "/":
			x.Quo(x, y)
		default:
			return remainder(x, y)
		}
	}
	if x.MantExp(nil) > maxExponent {
		return numeric(newFloat().SetInf(x.Signbit()))
	}
	return numeric(x)
}

// remainder is C's fmod: it has the sign of x.
func remainder(x, y *big.Float) value {
	if x.MantExp(nil)-y.MantExp(nil) > 4*maxExponent {
		return integer(0)
	}
	q := new(big.Float).SetPrec(0).SetMode(big.ToZero)
	q.SetPrec(uint(max(x.MantExp(nil)-y.MantExp(nil), 0)+2*precision)).Quo(x, y)
	whole, _ := q.Int(nil)
	exact := new(big.Float).SetPrec(q.Prec() + 2*precision)
	exact.Mul(exact.SetInt(whole), y)
	return numeric(newFloat().Sub(x, exact))
}

// match is a : b, anchored at the front, and a =~ b: the first group of the regular expression, or how many bytes it matched.
func (p *parser) match(op string, a, b value) value {
	re, err := regexp.CompilePOSIX(b.unquoted())
	if err != nil {
		p.err = err
		return value{}
	}
	s := a.unquoted()
	m := re.FindStringSubmatchIndex(s)
	if m == nil || op == ":" && m[0] != 0 {
		if re.NumSubexp() == 0 {
			return integer(0)
		}
		return word("")
	}
	if re.NumSubexp() > 0 {
		if m[2] < 0 {
			return word("")
		}
		return word(s[m[2]:m[3]])
	}
	return integer(int64(m[1] - m[0]))
}

// functions of one argument, and of two.
var (
	functions1 = map[string]func(float64) float64{"COS": math.Cos, "SIN": math.Sin, "TAN": math.Tan, "ACOS": math.Acos, "ASIN": math.Asin, "ATAN": math.Atan,
		"SQRT": math.Sqrt, "EXP": math.Exp, "EXP2": math.Exp2, "EXP10": func(x float64) float64 { return math.Pow(10, x) }, "LOG": math.Log, "LOG2": math.Log2,
		"LOG10": math.Log10, "FLOOR": math.Floor, "CEIL": math.Ceil, "ROUND": math.Round, "RINT": math.RoundToEven, "TRUNC": math.Trunc}
	functions2 = map[string]func(x, y float64) float64{"ATAN2": math.Atan2, "POW": math.Pow, "REMAINDER": math.Remainder}
)

// mathematics evaluates a function of numbers; false if name is none.
func mathematics(name string, args []value) (value, bool) {
	float := func(i int) float64 {
		if i >= len(args) {
			return 0
		}
		n, _ := args[i].number()
		f, _ := n.Float64()
		return f
	}
	var r float64
	if f := functions1[name]; f != nil {
		r = f(float(0))
	} else if f := functions2[name]; f != nil {
		r = f(float(0), float(1))
	} else {
		return value{}, false
	}
	if math.IsNaN(r) {
		return word("nan"), true
	}
	return numeric(newFloat().SetFloat64(r)), true
}
