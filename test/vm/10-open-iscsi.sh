#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel's initiator as users use it: what a disk looks like, file systems, discard, resize.
# vm: -t 360 -m 1536M

. "${0%/*}/lib.sh"

serve() {
	tgtd_start && target_new 1 &&
		lun_new 1 1 $work/a 96M && adm lu update --tid 1 --lun 1 --params thin_provisioning=1 &&
		lun_new 1 2 $work/b 384M --blocksize 4096 &&
		lun_new 1 3 $work/c 8M && adm lu update --tid 1 --lun 3 --params readonly=1
}

discover() {
	iscsiadm -m discovery -t st -p $portal | grep -x "$portal,1 $target"
}

wwid_is_that_of_show() {
	local id
	# "IET     01b0a8708e0ed56f": the first digit becomes 3, a locally assigned NAA identifier.
	id=$(adm --json lu show --tid 1 --lun 1 | sed -n 's/.*"scsi_id": "IET *.\(.*\)".*/\1/p')
	has $a/device/wwid "naa.3${id^^}"
}

looks_right() {
	has $a/size $((96 * 2048)) && has $a/queue/logical_block_size 512 &&
		has $b/size $((384 * 2048)) && has $b/queue/logical_block_size 4096 &&
		has $a/device/vendor IET && has $a/ro 0
}

cache_is_write_back() {
	local type
	type=$(echo $a/device/scsi_disk/*/cache_type)
	has "$type" 'write back' && has $a/queue/write_cache 'write back' && has $a/queue/fua 1
}

discards() {
	[ "$(attribute $a/queue/discard_max_bytes)" -gt 0 ] &&
		[ "$(attribute $a/queue/write_zeroes_max_bytes)" -gt 0 ]
}

queue_is_deep() {
	[ "$(attribute $a/device/queue_depth)" -ge 32 ] &&
		[ "$(attribute $a/queue/max_hw_sectors_kb)" -ge 512 ] && has $a/device/state running
}

# fill TYPE DISK: makes a file system with two files in it; check() looks after a new login.
fill() {
	mkdir -p /mnt/t
	case $1 in
	ext4) mkfs.ext4 -q -F "/dev/$2" ;;
	xfs) mkfs.xfs -q -f "/dev/$2" ;;
	esac && mount -t "$1" "/dev/$2" /mnt/t || return
	head -c 12M /dev/urandom >$work/ref
	cp $work/ref /mnt/t/one && dd if=$work/ref of=/mnt/t/two bs=64k conv=fsync status=none &&
		umount /mnt/t
}

again() {
	logout && login 1 2 3
}

check() {
	mount -t "$1" "/dev/$2" /mnt/t && cmp $work/ref /mnt/t/one && cmp $work/ref /mnt/t/two &&
		umount /mnt/t || return
	case $1 in
	ext4) e2fsck -fn "/dev/$2" ;;
	xfs) xfs_repair -n "/dev/$2" ;;
	esac
}

blocks() {
	stat -c %b "$1"
}

# The blocks of what was deleted are given back to the host's file system.
trim() {
	local before after
	mount -t ext4 "/dev/$1" /mnt/t && before=$(blocks $work/a) && rm /mnt/t/one /mnt/t/two && sync &&
		fstrim -v /mnt/t && umount /mnt/t || return
	after=$(blocks $work/a)
	echo "$before blocks before, $after after"
	[ $((before - after)) -gt $((20 * 2048)) ]
}

discard_all() {
	blkdiscard "/dev/$1" && forget "$1" && [ "$(blocks $work/a)" -lt 1000 ] &&
		cmp -n 1048576 "/dev/$1" /dev/zero
}

grow() {
	truncate -s 128M $work/a && echo 1 >/sys/block/"$1"/device/rescan &&
		within 5 has /sys/block/"$1"/size $((128 * 2048)) &&
		fio_verify "$1" --offset=97M --size=4M --rw=write --bs=64k --direct=1
}

write_protected() {
	has /sys/block/"$1"/ro 1 && ! dd if=/dev/zero of=/dev/"$1" bs=4k count=1 oflag=direct
}

# The kernel would refuse the write itself: the target has to refuse it, too.
target_refuses() {
	local g
	g=$(echo /sys/block/"$1"/device/scsi_generic/*)
	sg_dd if=/dev/zero of=/dev/"${g##*/}" bs=512 count=8 2>&1 | tee /dev/stderr |
		grep -qi 'data protect\|write protected'
}

names() {
	A=$(disk 1) && B=$(disk 2) && C=$(disk 3) && a=/sys/block/$A && b=/sys/block/$B
}

need 'tgtd serves three LUNs' serve
need 'iscsid starts' initiator_start
need 'discovery finds the target' discover
need 'login makes disks' login 1 2 3
names
ok 'the WWID is the NAA identifier' wwid_is_that_of_show
ok 'sizes and block sizes' looks_right
ok 'the cache is write-back, with FUA' cache_is_write_back
ok 'discard and write zeroes are offered' discards
ok 'the queue is deep' queue_is_deep
ok 'ext4 on 512-byte blocks: write, fsync, unmount' fill ext4 "$A"
ok 'log out, log in' again
names
ok 'ext4 has what was written, fsck is content' check ext4 "$A"
ok 'fstrim makes holes in the file' trim "$A"
ok 'xfs on 4096-byte blocks: write, fsync, unmount' fill xfs "$B"
ok 'log out, log in again' again
names
ok 'xfs has what was written, xfs_repair is content' check xfs "$B"
ok 'blkdiscard empties the file, which then reads zeroes' discard_all "$A"
ok 'fio: random, direct, three jobs' fio_verify "$A" --rw=randwrite --bs=4k --iodepth=16 --direct=1 \
	--numjobs=3 --size=8M --offset_increment=16M
ok 'fio: random sizes, direct, 4096-byte blocks' fio_verify "$B" --rw=randwrite \
	--bsrange=4k-256k --bs_unaligned=0 --iodepth=8 --direct=1 --size=24M
ok 'fio: buffered, with fsync' fio_verify "$A" --ioengine=psync --rw=randwrite --bs=4k --fsync=64 \
	--size=8M
ok 'the disk grows while it is used' grow "$A"
ok 'the write-protected disk is read-only' write_protected "$C"
ok 'and the target refuses writes' target_refuses "$C"
ok 'log out' logout
ok 'tgtd lives' tgtd_alive
finish
