#!/bin/sh
# usage: make-sounds.sh FOLDER    makes music.opus and the announcements in FOLDER
#
# Everything is made here from nothing (espeak-ng speaks, sox plucks strings), so there is no licence
# to mind.  The plane wants mono Ogg Opus in frames of 20 ms, which is opusenc's default.
set -eu

out=${1:?usage: make-sounds.sh FOLDER}
mkdir -p "$out"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

encode() { # wav name
    opusenc --quiet --bitrate 24 --framesize 20 "$1" "$tmp/$2.opus"
    mv "$tmp/$2.opus" "$out/$2.opus"
}

say() { # name text
    espeak-ng -v en-us -s 150 -a 120 -w "$tmp/voice.wav" "$2"
    sox "$tmp/voice.wav" -r 48000 -c 1 -b 16 "$tmp/$1.wav" pad 0.2 0.3
    encode "$tmp/$1.wav" "$1"
}

chord() { # file note note note
    sox -n -r 48000 -c 1 -b 16 "$1" \
        synth 2.4 pluck "$2" synth 2.4 pluck mix "$3" synth 2.4 pluck mix "$4" \
        fade h 0.01 2.4 0.4 gain -n -14
}

# Four quiet chords, twice: a loop of about 19 s.
chord "$tmp/c1.wav" C3 E4 G4
chord "$tmp/c2.wav" A2 C4 E4
chord "$tmp/c3.wav" F3 A3 C4
chord "$tmp/c4.wav" G2 B3 D4
sox "$tmp/c1.wav" "$tmp/c2.wav" "$tmp/c3.wav" "$tmp/c4.wav" \
    "$tmp/c1.wav" "$tmp/c2.wav" "$tmp/c3.wav" "$tmp/c4.wav" "$tmp/music.wav"
encode "$tmp/music.wav" music

say welcome "Welcome. Thank you for asking for help. We are finding the right person for you."
say wait "Please stay with us. An agent will be with you shortly."
say hold "You are on hold. We will be right back with you."
say closed "Nobody is here at the moment. Please try again later."
say goodbye "Thank you. Good bye."
