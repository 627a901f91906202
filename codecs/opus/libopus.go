package opus

// libopus is linked into the program, so that it needs nothing installed where it runs. The tag opusshared links the shared
// library instead, where a distribution has no libopus.a.

/*
#cgo linux,!opusshared LDFLAGS: -l:libopus.a -lm
#cgo !linux opusshared LDFLAGS: -lopus -lm
#cgo noescape asterism_encode
#cgo nocallback asterism_encode
#cgo noescape asterism_decode
#cgo nocallback asterism_decode
#include <opus/opus.h>

// The state of a coder is the caller's memory: it holds no pointers of Go's, only to libopus' tables.

static int asterism_encode(void *st, const opus_int16 *pcm, int samples, unsigned char *packet, int size) {
	return opus_encode(st, pcm, samples, packet, size);
}

static int asterism_decode(void *st, const unsigned char *packet, int size, opus_int16 *pcm, int samples, int fec) {
	return opus_decode(st, size > 0 ? packet : 0, size, pcm, samples, fec);
}

static int asterism_encoder_init(void *st, int rate, int application) { return opus_encoder_init(st, rate, 1, application); }
static int asterism_encoder_set(void *st, int request, opus_int32 value) { return opus_encoder_ctl(st, request, value); }
static int asterism_encoder_reset(void *st) { return opus_encoder_ctl(st, OPUS_RESET_STATE); }
static int asterism_decoder_init(void *st, int rate) { return opus_decoder_init(st, rate, 1); }
static int asterism_decoder_reset(void *st) { return opus_decoder_ctl(st, OPUS_RESET_STATE); }
*/
import "C"

import "unsafe"

// Error is a number of libopus.
type Error int

func (e Error) Error() string { return "opus: " + C.GoString(C.opus_strerror(C.int(e))) }

// The errors a caller may want to tell apart.
const (
	ErrBufferTooSmall = Error(C.OPUS_BUFFER_TOO_SMALL)
	ErrInvalidPacket  = Error(C.OPUS_INVALID_PACKET)
	ErrBadArgument    = Error(C.OPUS_BAD_ARG)
)

// state is the memory of a coder, in Go's heap.
type state []byte

func (s state) at() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }

// result gives a count, or the error that a negative one is.
func result(n C.int) (int, error) {
	if n < 0 {
		return 0, Error(n)
	}
	return int(n), nil
}

func newEncoderState(rate int, a Application) (state, error) {
	s := make(state, C.opus_encoder_get_size(1))
	_, err := result(C.asterism_encoder_init(s.at(), C.int(rate), applications[min(a, LowDelay)]))
	return s, err
}

func newDecoderState(rate int) (state, error) {
	s := make(state, C.opus_decoder_get_size(1))
	_, err := result(C.asterism_decoder_init(s.at(), C.int(rate)))
	return s, err
}

func (s state) encode(packet []byte, pcm []int16) (int, error) {
	return result(C.asterism_encode(s.at(), (*C.opus_int16)(unsafe.SliceData(pcm)), C.int(len(pcm)),
		(*C.uchar)(unsafe.SliceData(packet)), C.int(len(packet))))
}

// decode: no packet is a lost one; with fec, the one before packet is.
func (s state) decode(pcm []int16, packet []byte, fec bool) (int, error) {
	if len(pcm) == 0 {
		return 0, ErrBufferTooSmall
	}
	flag := C.int(0)
	if fec {
		flag = 1
	}
	return result(C.asterism_decode(s.at(), (*C.uchar)(unsafe.SliceData(packet)), C.int(len(packet)),
		(*C.opus_int16)(unsafe.SliceData(pcm)), C.int(len(pcm)), flag))
}

func (s state) resetEncoder() { C.asterism_encoder_reset(s.at()) }
func (s state) resetDecoder() { C.asterism_decoder_reset(s.at()) }

func (s state) setInt(request C.int, value int) error {
	_, err := result(C.asterism_encoder_set(s.at(), request, C.opus_int32(value)))
	return err
}

func (s state) setBool(request C.int, on bool) error {
	if on {
		return s.setInt(request, 1)
	}
	return s.setInt(request, 0)
}

func (s state) setBitrate(bps int) error {
	switch bps {
	case 0:
		bps = C.OPUS_AUTO
	case MaxBitrate:
		bps = C.OPUS_BITRATE_MAX
	}
	return s.setInt(setBitrate, bps)
}

const (
	setBitrate    = C.OPUS_SET_BITRATE_REQUEST
	setBandwidth  = C.OPUS_SET_MAX_BANDWIDTH_REQUEST
	setVBR        = C.OPUS_SET_VBR_REQUEST
	setComplexity = C.OPUS_SET_COMPLEXITY_REQUEST
	setFEC        = C.OPUS_SET_INBAND_FEC_REQUEST
	setPacketLoss = C.OPUS_SET_PACKET_LOSS_PERC_REQUEST
	setDTX        = C.OPUS_SET_DTX_REQUEST
	setSignal     = C.OPUS_SET_SIGNAL_REQUEST
)

var (
	applications = [...]C.int{VoIP: C.OPUS_APPLICATION_VOIP, Audio: C.OPUS_APPLICATION_AUDIO, LowDelay: C.OPUS_APPLICATION_RESTRICTED_LOWDELAY}
	signals      = [...]C.int{AnySignal: C.OPUS_AUTO, Voice: C.OPUS_SIGNAL_VOICE, Music: C.OPUS_SIGNAL_MUSIC}
	bandwidths   = [...]C.int{Narrowband: C.OPUS_BANDWIDTH_NARROWBAND, Mediumband: C.OPUS_BANDWIDTH_MEDIUMBAND,
		Wideband: C.OPUS_BANDWIDTH_WIDEBAND, SuperWideband: C.OPUS_BANDWIDTH_SUPERWIDEBAND, Fullband: C.OPUS_BANDWIDTH_FULLBAND}
)
