#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The stores that are files, on block devices: disks of scsi_debug with 512 and 4096 bytes a block, that give space
# back, fail, hang and go away, and a virtio disk. What they do on files is tested without a machine.
# vm: -t 600 -D 64M

. "${0%/*}/lib.sh"

debug=/sys/bus/pseudo/drivers/scsi_debug

# One disk of scsi_debug with blocks of $1 bytes, and one of virtio.
serve() {
	modprobe -a sd_mod virtio_blk && modprobe scsi_debug dev_size_mb=64 sector_size="$1" lbpu=1 lbpws=1 lbprz=1 delay=0 || return
	within 10 compgen -G "$debug/adapter*/host*/target*/*:0/block/sd*" >/dev/null && within 10 test -b /dev/vda || return
	real=$(echo $debug/adapter*/host*/target*/*:0/block/sd*)
	real=/dev/${real##*/}
	[ -n "$tgtd" ] || { tgtd_start && initiator_start; } || return
	target_new 1
}

serve_first() {
	serve 512
}

serve_second() {
	adm target delete --tid 1 --force && within 10 rmmod scsi_debug && serve 4096
}

# each COMMAND...: with a LUN of each store on $real, one after the other, as $D and $S.
each() {
	local store flags rc
	for store in rdwr rdwr:direct uring uring:direct aio; do
		flags=${store#*:}
		[ "$flags" != "$store" ] || flags=''
		S=${store%%:*}
		adm logicalunit new --tid 1 --lun 1 --backing-store "$real" --bstype "$S" ${flags:+--bsoflags $flags} \
			--params thin_provisioning=1 ${BLOCK:+--blocksize $BLOCK} &&
			iscsiadm -m discovery -t st -p $portal && login 1 || { echo "$store: no disk"; return 1; }
		D=$(disk 1)
		"$@"
		rc=$?
		logout
		adm logicalunit delete --tid 1 --lun 1 --force || return
		[ $rc -eq 0 ] || { echo "$store: $* failed"; return 1; }
	done
}

# With blocks of 512 bytes on disks of 4096: ends are read first.
data() {
	fio_verify "$D" --size=1M --bsrange=512-64k --blockalign=512 --rw=randwrite --iodepth=8 --direct=1 >$work/fio 2>&1 ||
		{ tail $work/fio; return 1; }
	forget "$D" && head -c 200000 /dev/urandom >$work/in && dd if=$work/in of="/dev/$D" bs=512 seek=3 conv=fsync status=none &&
		forget "${real#/dev/}" && cmp -n 200000 -i 0:1536 $work/in "$real"
}

space() {
	local before after
	dd if=/dev/urandom of="/dev/$D" bs=1M count=4 oflag=direct status=none || return
	before=$(od -An -tx1 -N16 -j1M "$real")
	blkdiscard -o 0 -l 4M "/dev/$D" && forget "${real#/dev/}" || return
	after=$(od -An -tx1 -N16 -j1M "$real")
	echo "$before, $after"
	same bytes "$(tr -d ' 0' <<<"$after")" '' && blkdiscard -z -o 8M -l 1M "/dev/$D"
}

# Block 0x1234 and the nine after it can't be read when scsi_debug is told so.
medium_error() {
	local sg
	sg=$(echo "/sys/block/$D/device/scsi_generic/"*)
	sg=/dev/${sg##*/}
	forget "${real#/dev/}"
	echo 2 >$debug/opts
	sg_raw -r 512 "$sg" 28 00 00 00 12 34 00 00 01 00 >$work/said 2>&1
	echo 0 >$debug/opts
	cat $work/said
	grep -qi 'sense key: medium error' $work/said && sg_raw -r 512 "$sg" 28 00 00 00 00 00 00 00 01 00 2>&1 | grep -q 'Received 512'
}

virtio() {
	real=/dev/vda each data
}

# Others, and the daemon, go on when a disk is taken away under its logical unit.
taken_away() {
	adm logicalunit new --tid 1 --lun 1 --backing-store "$real" --bstype "$1" &&
		adm logicalunit new --tid 1 --lun 2 --backing-store /dev/vda --bstype "$1" && login 1 2 || return
	echo 1 >"/sys/block/${real#/dev/}/device/delete"
	! dd if="/dev/$(disk 1)" of=/dev/null bs=4k count=1 iflag=direct 2>$work/said || { echo 'it reads'; return 1; }
	fio_verify "$(disk 2)" --size=1M --bs=4k --rw=randwrite --iodepth=8 --direct=1 >$work/fio 2>&1 || { tail $work/fio; return 1; }
	logout && adm logicalunit delete --tid 1 --lun 1 --force && adm logicalunit delete --tid 1 --lun 2 && tgtd_alive
}

# A disk that answers nothing, as one whose cable was cut: more commands than it has places for, of reads that are not
# cached, and another disk meanwhile. The kernel here gives up after its time, and then it answers again.
hangs() {
	local hung start rc
	echo 4 >"/sys/block/${real#/dev/}/device/timeout"
	adm logicalunit new --tid 1 --lun 1 --backing-store "$real" --bstype "$1" --bsoflags direct &&
		adm logicalunit new --tid 1 --lun 2 --backing-store /dev/vda --bstype "$1" --bsoflags direct && login 1 2 || return
	echo 1 >$debug/every_nth && echo 4 >$debug/opts
	fio --name=hung --filename="/dev/$(disk 1)" --rw=randrw --bs=4k --iodepth=128 --ioengine=libaio --direct=1 --size=8M \
		--number_ios=128 --continue_on_error=all >$work/hung 2>&1 &
	hung=$!
	sleep 1
	start=$EPOCHREALTIME
	fio_verify "$(disk 2)" --size=1M --bs=4k --rw=randwrite --iodepth=8 --direct=1 >$work/fio 2>&1
	rc=$?
	echo "the other: $rc after $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) ms"
	kill -0 $hung || { echo 'it did not hang'; cat $work/hung; rc=1; }
	adm --mode sys --op show >/dev/null || rc=1
	echo 0 >$debug/opts && echo 0 >$debug/every_nth
	wait $hung
	[ $rc -eq 0 ] || { cat $work/fio; return 1; }
	dd if="/dev/$(disk 1)" of=/dev/null bs=64k count=16 iflag=direct status=none && logout &&
		adm logicalunit delete --tid 1 --lun 1 && adm logicalunit delete --tid 1 --lun 2
}

need 'a disk of 512-byte blocks' serve_first
ok 'data' each data
ok 'space given back, zeroes' each space
ok 'a medium error is one of the medium, and only there' each medium_error
ok 'data on virtio' virtio
ok 'it hangs, and comes back: rdwr' hangs rdwr
ok 'it hangs, and comes back: uring' hangs uring
ok 'it hangs, and comes back: aio' hangs aio
need 'a disk of 4096-byte blocks' serve_second
ok 'data in blocks of 512 bytes' each data
BLOCK=4096
ok 'space given back' each space
ok 'the disk is taken away: rdwr' taken_away rdwr
need 'another disk' serve_second
ok 'the disk is taken away: aio' taken_away aio
ok 'tgtd lives' tgtd_alive
finish
