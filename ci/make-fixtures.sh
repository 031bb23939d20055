#!/bin/sh
# Makes the small videos of streamer/tests/fixtures, the lists of packets that ffmpeg gets from
# them, and the bundled sample of `matinee demo`.
# Their results are committed: tests need no ffmpeg. Made with ffmpeg 5.1 (libx264, libx265).
set -eu
cd "$(dirname "$0")/.."
out=streamer/tests/fixtures
mkdir -p "$out"

ff() { ffmpeg -hide_banner -nostdin -loglevel error -y "$@"; }

# Same input, same bytes: no time stamps, no encoder version, one thread.
exact='-fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1 -threads 1'
picture='-f lavfi -i testsrc2=size=160x90:rate=15:duration=4'
sound='-f lavfi -i sine=frequency=440:sample_rate=48000:duration=4'
avc='-c:v libx264 -preset veryfast -pix_fmt yuv420p -b:v 60k -g 15 -keyint_min 15 -sc_threshold 0'
aac='-c:a aac -b:a 48k -ac 2'

# shellcheck disable=SC2086 # the words are meant to be split
{
  ff $picture $sound $avc -bf 0 $aac $exact -movflags +faststart "$out/moov-first.mp4"
  ff $picture $sound $avc -bf 0 $aac $exact "$out/moov-last.mp4"
  ff $picture $sound $avc -bf 3 -x264-params b-pyramid=normal $aac $exact "$out/b-frames.mp4"
  ff $picture $sound $avc -bf 2 $aac $exact -f mov "$out/quicktime.mov"
  # Composition offsets below zero (version 1 of ctts) instead of an edit list.
  ff $picture $sound $avc -bf 2 $aac $exact -movflags +negative_cts_offsets "$out/negative-offsets.mp4"
  # No edit list at all: the picture starts later than the sound.
  ff $picture $sound $avc -bf 2 $aac $exact -use_editlist 0 "$out/no-edit-list.mp4"
  # Cut in the middle of a GOP without coding anew: the edit list starts between key frames.
  ff -ss 1.4 -i "$out/b-frames.mp4" -c copy $exact "$out/edit-list.mp4"
  # Sound that starts 300 ms after the picture: an empty edit.
  ff -i "$out/b-frames.mp4" -itsoffset 0.3 -i "$out/b-frames.mp4" -map 0:v -map 1:a -c copy $exact "$out/empty-edit.mp4"
  # Frames of different durations.
  ff -f lavfi -i testsrc2=size=160x90:rate=15:duration=4 $sound \
    -vf "select='not(eq(mod(n,7),3))'" -vsync vfr $avc -bf 2 $aac $exact "$out/variable-rate.mp4"

  ff $picture $sound -c:v libx265 -preset ultrafast -x265-params log-level=error -b:v 60k $aac $exact -tag:v hvc1 "$out/hevc.mp4"
  ff -f lavfi -i testsrc2=size=160x90:rate=15:duration=1 -f lavfi -i sine=sample_rate=8000:duration=1 \
    $avc -bf 0 -c:a pcm_s16le -ac 1 $exact "$out/pcm.mov"
  ff $picture $sound -c:v mpeg4 -b:v 60k -c:a libmp3lame -b:a 48k $exact "$out/mpeg4-mp3.mp4"
  ff $sound $aac $exact "$out/no-video.m4a"
  ff $picture $avc -bf 2 $exact "$out/no-audio.mp4"
  ff $picture $sound $avc -bf 0 $aac $exact -encryption_scheme cenc-aes-ctr \
    -encryption_key 00112233445566778899aabbccddeeff -encryption_kid 00112233445566778899aabbccddeeff "$out/encrypted.mp4"
}
# shellcheck disable=SC2086
{
  # Fragments, from two seconds of the files above.
  fragments() {
    name=$1 flags=$2 from=$3
    shift 3
    ff "$@" -i "$from" -t 2 -c copy $exact -movflags "$flags" "$out/fragments-$name.mp4"
  }
  # A first part in the index, absolute offsets, a random access index at the end.
  fragments absolute frag_keyframe "$out/b-frames.mp4"
  fragments default-base empty_moov+frag_keyframe+default_base_moof "$out/b-frames.mp4"
  # Offsets from where the data before ends; one track a fragment; no index at the end.
  fragments implicit empty_moov+frag_keyframe+omit_tfhd_offset+skip_trailer "$out/b-frames.mp4"
  fragments separate empty_moov+frag_keyframe+separate_moof+default_base_moof+skip_trailer "$out/b-frames.mp4"
  # One fragment a frame.
  fragments every-frame empty_moov+frag_every_frame+default_base_moof "$out/moov-first.mp4" -t 1
  # A segment index at the start.
  fragments segment-index frag_keyframe+delay_moov+dash+global_sidx "$out/b-frames.mp4"
  # Edit lists: one that starts between key frames, one with a pause.
  fragments edit frag_keyframe+delay_moov "$out/b-frames.mp4" -ss 1.4
  fragments pause frag_keyframe+delay_moov "$out/empty-edit.mp4"
  # Times that do not start at zero.
  python3 ci/delay-fragments.py "$out/fragments-default-base.mp4" "$out/fragments-late.mp4" 100000
  # Composition offsets below zero, and no times in the fragments (Smooth Streaming).
  ff -i "$out/negative-offsets.mp4" -t 2 -c copy $exact -movflags negative_cts_offsets "$out/negative.mp4"
  fragments negative frag_keyframe+delay_moov+negative_cts_offsets "$out/negative.mp4"
  ff -i "$out/negative.mp4" -c copy $exact -movflags frag_keyframe+isml -f ismv "$out/fragments-smooth.mp4"
  # The same without fragments, and without an edit list, of which Smooth Streaming knows nothing.
  ff -i "$out/negative.mp4" -c copy -use_editlist 0 $exact -movflags negative_cts_offsets "$out/smooth.mp4"
}
# Captions in each picture, colours of HDR in the parameter sets and in messages beside them.
coded=$(mktemp)
hdr='colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:cll=1000,400'
hdr="$hdr:mastering-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
# shellcheck disable=SC2086 # the words are meant to be split
{
  ff $picture -t 2 $avc -bf 2 -x264-params "$hdr" $exact -f h264 "$coded"
  python3 ci/rehearsal/captions.py "$coded" "$coded"
  ff -framerate 15 -i "$coded" -c copy $exact "$out/captions.mp4"
}
rm "$coded"
# Two edits with a gap between them, both within a GOP; times of the second come before its start.
python3 ci/set-edit-list.py "$out/b-frames.mp4" "$out/several-edits.mp4" \
  '[[[1200, 8192], [1300, 40960]], [[1200, 25600], [1300, 128000]]]'
head -c 30000 "$out/moov-first.mp4" >"$out/truncated.mp4"
head -c 40000 "$out/moov-last.mp4" >"$out/no-index.mp4"
printf 'This is a text, whatever its name says.\n' >"$out/not-a-video.mp4"

# What ffmpeg sends: `-c copy -f flv`, read back. One line per packet:
# track, dts, pts (ms), size, key frame, the first 16 digits of the SHA-256 of the payload.
for name in moov-first.mp4 moov-last.mp4 b-frames.mp4 quicktime.mov negative-offsets.mp4 \
  no-edit-list.mp4 edit-list.mp4 empty-edit.mp4 several-edits.mp4 \
  variable-rate.mp4 no-audio.mp4 \
  fragments-absolute.mp4 fragments-default-base.mp4 fragments-implicit.mp4 fragments-separate.mp4 \
  fragments-every-frame.mp4 fragments-segment-index.mp4 fragments-edit.mp4 fragments-pause.mp4 \
  fragments-late.mp4 fragments-negative.mp4 fragments-smooth.mp4; do
  scratch=$(mktemp)
  case $name in
    # ffmpeg shows the picture of these too late by what the offsets go below zero: asked for the
    # same in one piece it does not.
    fragments-negative.mp4) from=negative.mp4 ;;
    fragments-smooth.mp4) from=smooth.mp4 ;;
    *) from=$name ;;
  esac
  ff -i "$out/$from" -c copy -f flv "$scratch"
  ffprobe -v error -show_packets -show_data_hash SHA256 -of json "$scratch" |
    jq -c '[.packets[] | [.codec_type, .dts, .pts, (.size|tonumber), (.flags|startswith("K")), (.data_hash|sub("SHA256:";"")|.[:16])]]' |
    sed 's/\],\[/],\n[/g' >"$out/$name.packets.json"
  rm -f "$scratch"
done
rm -f "$out/negative.mp4" "$out/smooth.mp4"

# The sample of `matinee demo`: ten seconds, a clock that runs, a chord with a tick at each second.
font=${FONT:-/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf}
mono=${MONO:-/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf}
ff -f lavfi -i "gradients=size=640x360:rate=25:duration=10:c0=0x14213d:c1=0x6a3d7c:c2=0xc8553d:c3=0x14213d:nb_colors=4:speed=0.006:seed=7:x0=0:y0=0:x1=640:y1=360" \
  -f lavfi -i "aevalsrc='0.10*sin(2*PI*220*t)+0.07*sin(2*PI*277.18*t)+0.06*sin(2*PI*329.63*t)+0.25*sin(2*PI*880*t)*exp(-30*mod(t,1))|0.10*sin(2*PI*220.5*t)+0.07*sin(2*PI*277.7*t)+0.06*sin(2*PI*330.2*t)+0.25*sin(2*PI*880*t)*exp(-30*mod(t,1))':sample_rate=48000:duration=10" \
  -vf "drawtext=fontfile=$font:text=Matinee:fontcolor=white:fontsize=64:x=(w-tw)/2:y=84,
    drawtext=fontfile=$mono:text='%{pts\:hms}':fontcolor=white@0.92:fontsize=40:x=(w-tw)/2:y=186,
    drawbox=x=120:y=262:w=400:h=6:color=white@0.25:t=fill,
    drawtext=fontfile=$mono:text='●':fontcolor=white:fontsize=22:x=112+40*t:y=252" \
  -c:v libx264 -profile:v high -preset slow -crf 20 -maxrate 450k -bufsize 900k -bf 2 -g 50 -keyint_min 50 -sc_threshold 0 \
  -pix_fmt yuv420p -c:a aac -b:a 128k -ac 2 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1 -threads 1 \
  -movflags +faststart crates/cli/assets/sample.mp4
