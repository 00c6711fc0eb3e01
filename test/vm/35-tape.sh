#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A tape drive as the kernel's st knows it: mt's commands, tar, cpio over several volumes, tgtd killed
# while it is written to.
# vm: -t 420

. "${0%/*}/lib.sh"

medium() {
	"$BUILD/tgtimg" --op new --device-type tape --type data --barcode "$1" --size "$2" --file "$work/$1" >/dev/null
}

loaded() {
	adm logicalunit update --tid 1 --lun 1 --params online=0 &&
		adm logicalunit update --tid 1 --lun 1 --params path="$work/$1" &&
		adm logicalunit update --tid 1 --lun 1 --params online=1
}

st_there() {
	[ -c /dev/nst0 ]
}

serve() {
	medium T00001L8 64 && medium T00002L8 3 && medium T00003L8 3 && medium T00004L8 64 || return
	tgtd_start && target_new 1 &&
		adm logicalunit new --tid 1 --lun 1 --device-type tape --backing-store "$work/T00001L8" || return
	modprobe st && initiator_start && iscsiadm -m discovery -t st -p $portal && node --login && within 20 st_there
}

t=/dev/nst0

status() {
	says 'drive type|SCSI 2 tape' mt -f $t status && says 'BOT' mt -f $t status && says 'ONLINE' mt -f $t status
}

at() {
	says "block $1\\." mt -f $t tell
}

# Three files of 4 blocks of 10 KiB each, in variable blocks.
files() {
	local i
	mt -f $t setblk 0 && mt -f $t rewind || return
	for i in 1 2 3; do
		head -c 40960 /dev/urandom >"$work/f$i"
		dd if="$work/f$i" of=$t bs=10240 status=none || return
	done
	mt -f $t rewind
	for i in 1 2 3; do
		dd if=$t of="$work/o" bs=10240 status=none && cmp "$work/f$i" "$work/o" || return
	done
}

moves() {
	mt -f $t rewind && mt -f $t fsf 1 && at 5 && mt -f $t fsf 1 && at 10 && mt -f $t bsf 1 && at 9 &&
		mt -f $t bsfm 1 && at 5 && mt -f $t fsr 2 && at 7 && mt -f $t bsr 1 && at 6 &&
		mt -f $t fsfm 1 && at 9 && mt -f $t asf 2 && at 10 && mt -f $t seek 3 && at 3 &&
		mt -f $t eod && at 15 && mt -f $t weof 2 && at 17 && mt -f $t rewind && at 0 && ! mt -f $t fsf 9
}

# Beyond a filemark blocks are not counted: the driver says how far it came.
edges() {
	mt -f $t rewind && ! mt -f $t fsr 5 && at 5 && mt -f $t rewind && ! mt -f $t bsr 1 && mt -f $t rewind
}

# A read that is shorter than the block gets ENOMEM, a longer one the block.
lengths() {
	mt -f $t rewind && ! dd if=$t of=/dev/null bs=4096 count=1 && mt -f $t rewind &&
		same bytes "$(dd if=$t bs=65536 count=1 status=none | wc -c)" 10240
}

fixed() {
	mt -f $t rewind && mt -f $t setblk 512 && says '512 bytes' mt -f $t status && dd if="$work/f1" of=$t bs=8192 status=none &&
		mt -f $t rewind && dd if=$t of="$work/o" bs=16384 status=none && cmp "$work/f1" "$work/o" && mt -f $t rewind &&
		mt -f $t fsr 7 && at 7 && mt -f $t setblk 0
}

modes() {
	local c
	for c in 'compression 1' 'compression 0' 'defcompression 1' 'drvbuffer 1' 'stsetoptions scsi2logical' 'stshowoptions' \
		densities lock unlock retension 'erase 0'; do
		echo "mt $c"
		# shellcheck disable=SC2086
		mt -f $t $c || return
	done
}

archive() {
	mkdir -p "$work/tree" && cp -r /etc/iscsi "$work"/f[123] "$work/tree" && mt -f $t rewind && tar -C "$work" -cf $t -b 128 tree &&
		mt -f $t rewind && tar -df $t -b 128 -C "$work" && mt -f $t rewind && tar -tf $t -b 128
}

partitions() {
	mt -f $t rewind && mt -f $t stsetoptions can-partitions && mt -f $t mkpartition 8 && mt -f $t setpartition 1 &&
		dd if="$work/f1" of=$t bs=10240 status=none && mt -f $t setpartition 0 && at 0 &&
		mt -f $t partseek 1 2 && same data "$(dd if=$t bs=10240 count=1 status=none | md5sum)" \
			"$(dd if="$work/f1" bs=10240 skip=2 count=1 status=none | md5sum)" &&
		mt -f $t setpartition 0 && mt -f $t mkpartition 0
}

unload() {
	mt -f $t offline && says DR_OPEN mt -f $t status && mt -f $t load && mt -f $t rewind && at 0
}

# 5 MB on two tapes of 3: the driver tells of the end, cpio asks for the next.
volumes() {
	head -c 5000000 /dev/urandom >"$work/large"
	cat >"$work/next" <<-END
		#!/bin/bash
		$(declare -f adm loaded)
		BUILD=$BUILD work=$work TGT_IPC_SOCKET=$TGT_IPC_SOCKET
		loaded T00003L8
		mt -f $t rewind
	END
	chmod +x "$work/next"
	loaded T00002L8 && mt -f $t rewind && tar -C "$work" -c -M -L 2500 -F "$work/next" -f $t large &&
		loaded T00002L8 && mt -f $t rewind && mkdir -p "$work/back" &&
		tar -C "$work/back" -x -M -F "$work/next" -f $t && cmp "$work/large" "$work/back/large"
}

dying() {
	local writer
	loaded T00004L8 && mt -f $t rewind && dd if="$work/f1" of=$t bs=10240 status=none && mt -f $t weof 1 || return
	dd if=/dev/urandom of=$t bs=65536 status=none &
	writer=$!
	sleep 1
	kill -9 "$tgtd"
	wait "$tgtd"
	"$BUILD/tgtimg" --op check --file "$work/T00004L8" || return
	tgtd_start && target_new 1 &&
		adm logicalunit new --tid 1 --lun 1 --device-type tape --backing-store "$work/T00004L8" || return
	wait "$writer"
	within 60 mt -f $t rewind && dd if=$t of="$work/o" bs=10240 status=none && cmp "$work/f1" "$work/o" &&
		mt -f $t eod && dd if="$work/f2" of=$t bs=10240 status=none && mt -f $t bsfm 1
}

checked() {
	local f
	for f in "$work"/T0000*; do
		"$BUILD/tgtimg" --op check --file "$f" || return
	done
}

need 'a tape is served and st has it' serve
need 'its status is told' status
ok 'three files come back in variable blocks' files
ok 'mt moves by files, by records, to places and to the end' moves
ok 'what stops a move is told' edges
ok 'short reads are refused, long ones give the block' lengths
ok 'fixed blocks come back' fixed
ok 'mt sets modes, locks, erases' modes
ok 'tar writes, compares, lists' archive
ok 'partitions are made and used' partitions
ok 'unloaded and loaded' unload
ok 'tar writes more than one volume' volumes
ok 'tgtd killed while it is written to: what was synced is there' dying
ok 'the images are whole' checked
finish
