#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Initiator and target on one machine with little memory. Dirty pages of a LUN are written back through
# tgtd, which must not need memory for that which only the write-back can free; and the OOM killer
# takes others first.
# vm: -t 600 -m 400M -D 1G

. "${0%/*}/lib.sh"

# The store is a disk of its own: what tgtd writes does not stay in memory.
serve() {

	tgtd_start && target_new 1 && adm lu new --tid 1 --lun 1 --backing-store "$DISK" --bsoflags direct &&
		initiator_start && iscsiadm -m discovery -t st -p $portal && login 1 && D=$(disk 1)
}

own_disk() {
	modprobe virtio_blk && within 10 test -b /dev/vda && DISK=/dev/vda
}

locked() {
	local line
	while read -r line; do
		case $line in VmLck:*) echo "$line"; line=${line//[!0-9]/}; [ "$line" -gt 1000 ]; return ;; esac
	done </proc/$tgtd/status
	return 1
}

spared() {
	has /proc/$tgtd/oom_score_adj -1000
}

# More dirty data than there is memory.
write_back() {
	mkfs.ext4 -q -F /dev/"$D" && mkdir -p /mnt/t && mount /dev/"$D" /mnt/t || return
	dd if=/dev/zero bs=1M count=600 status=none | tr '\0' 'w' >/mnt/t/big && sync && umount /mnt/t &&
		mount /dev/"$D" /mnt/t && same bytes "$(tr -d w </mnt/t/big | wc -c)" 0 && same size "$(stat -c %s /mnt/t/big)" 629145600
}

# Buffered writes while others take all the memory that they can get.
pressure() {
	local i hogs=()
	for i in 1 2; do
		perl -e '$x = "x" x (140 << 20); for (1 .. 12) { substr($x, $_ << 20, 1) = "y"; sleep 1 }' &
		hogs+=($!)
	done
	timeout 120 fio --name=p --directory=/mnt/t --size=96M --rw=randwrite --bs=16k --ioengine=psync --verify=crc32c \
		--do_verify=1 --numjobs=2 --end_fsync=1 || return
	wait "${hogs[@]}"
	echo "hogs ended with $?"
	return 0
}

# The OOM killer must find somebody; it is not tgtd.
oom() {
	( echo 1000 >/proc/self/oom_score_adj; exec perl -e 'push @x, "x" x (8 << 20) while 1' )
	dmesg | grep -i 'out of memory\|oom-kill' | tail -n 3
	dmesg | grep -qi 'Out of memory: Killed process' && ! dmesg | grep -qi 'Killed process.*tgtd' && tgtd_alive
}

need 'a disk for the store' own_disk
need 'tgtd serves, the initiator is logged in' serve
ok 'memory is locked' locked
ok 'the OOM killer spares it' spared
ok 'more dirty pages than memory' write_back
ok 'buffered writes under pressure, verified' pressure
ok 'the OOM killer takes another' oom
ok 'the disk still works' fio_verify "$D" --rw=randwrite --bs=4k --size=4M --offset=700M --direct=1
ok 'tgtd lives' tgtd_alive
finish
