#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A tape library as mtx and the kernel's ch and st know it: moves, exchanges, two drives, and that
# media are where they were when tgtd comes back.
# vm: -t 420

. "${0%/*}/lib.sh"

library() {
	adm logicalunit new --tid 1 --lun 1 --device-type tape && adm logicalunit new --tid 1 --lun 2 --device-type tape &&
		adm logicalunit new --tid 1 --lun 3 --device-type changer || return
	# As scripts of old say it.
	adm --lld iscsi --mode logicalunit --op update --tid 1 --lun 3 --params "media_home=$work" &&
		adm --lld iscsi --mode logicalunit --op update --tid 1 --lun 3 --params element_type=4,start_address=1,quantity=2 &&
		adm --lld iscsi --mode logicalunit --op update --tid 1 --lun 3 --params element_type=4,address=1,tid=1,lun=1 &&
		adm --lld iscsi --mode logicalunit --op update --tid 1 --lun 3 --params element_type=4,address=2,tid=1,lun=2 &&
		adm --lld iscsi --mode logicalunit --op update --tid 1 --lun 3 --params element_type=1,start_address=16,quantity=1 &&
		adm --lld iscsi --mode logicalunit --op update --tid 1 --lun 3 --params element_type=2,start_address=1024,quantity=5 &&
		adm --lld iscsi --mode logicalunit --op update --tid 1 --lun 3 --params element_type=3,start_address=768,quantity=1 &&
		adm --lld iscsi --mode logicalunit --op update --tid 1 --lun 3 --params element_type=2,address=1024,barcode=A00001L8 &&
		adm --lld iscsi --mode logicalunit --op update --tid 1 --lun 3 --params element_type=2,address=1025,barcode=A00002L8 &&
		adm --lld iscsi --mode logicalunit --op update --tid 1 --lun 3 --params element_type=2,address=1026,barcode=A00003L8
}

there() {
	[ -c /dev/nst0 ] && [ -c /dev/nst1 ] && [ -c /dev/sch0 ]
}

serve() {
	local i
	for i in 1 2 3; do
		"$BUILD/tgtimg" --op new --device-type tape --barcode A0000${i}L8 --size 16 --file "$work/A0000${i}L8" >/dev/null || return
	done
	modprobe -a st ch sg && tgtd_start && target_new 1 && library && initiator_start &&
		iscsiadm -m discovery -t st -p $portal && node --login && within 20 there || return
	c=$(echo /sys/class/scsi_changer/sch0/device/scsi_generic/sg*)
	c=/dev/${c##*/}
}

m() {
	mtx -f "$c" "$@"
}

inventory() {
	says 'Changer' m inquiry && says 'Data Transfer Element 1:Empty' m status &&
		says 'Storage Element 1:Full :VolumeTag=A00001L8' m status && says 'Storage Element 4:Empty' m status &&
		says 'Storage Element 6 IMPORT/EXPORT:Empty' m status && says '2 Drives, 6 Slots' m status && m inventory
}

loads() {
	m load 1 0 && says 'Data Transfer Element 0:Full \(Storage Element 1 Loaded\):VolumeTag = A00001L8' m status &&
		within 20 mt -f /dev/nst0 status && echo first | dd of=/dev/nst0 bs=512 conv=sync status=none &&
		m load 2 1 && within 20 mt -f /dev/nst1 status && echo second | dd of=/dev/nst1 bs=512 conv=sync status=none &&
		mt -f /dev/nst0 rewind && mt -f /dev/nst1 rewind && says first dd if=/dev/nst0 bs=512 && says second dd if=/dev/nst1 bs=512
}

unloads() {
	mt -f /dev/nst0 offline && m unload 1 0 && says 'Data Transfer Element 0:Empty' m status && says DR_OPEN mt -f /dev/nst0 status &&
		m transfer 1 4 && says 'Storage Element 4:Full :VolumeTag=A00001L8' m status && m transfer 4 6 &&
		says 'IMPORT/EXPORT:Full :VolumeTag=A00001L8' m status && m transfer 6 1
}

wrong() {
	! m load 5 0 && ! m transfer 1 3 && ! m load 3 1
}

walks() {
	m first 0 && m next 0 || return
	says 'Data Transfer Element 0:Full' m status && mt -f /dev/nst0 offline && m unload
}

remembers() {
	m load 3 0 && within 20 mt -f /dev/nst0 status && m transfer 1 5 || return
	kill -9 "$tgtd"
	wait "$tgtd"
	tgtd_start && target_new 1 && library && within 60 m status &&
		says 'Data Transfer Element 0:Full.*VolumeTag = A00003L8' m status &&
		says 'Storage Element 5:Full :VolumeTag=A00001L8' m status && says 'Storage Element 1:Empty' m status &&
		within 60 mt -f /dev/nst0 status && mt -f /dev/nst0 rewind
}

driver() {
	# CHIOGPARAMS: current picker, pickers, slots, portals, drives
	says '^0 1 5 1 2$' python3 -c 'import fcntl, struct
print(*struct.unpack("5i", fcntl.ioctl(open("/dev/sch0"), 0x80146306, bytes(20))))'
}

need 'a library is served, and st and ch have it' serve
need 'mtx knows what is in it' inventory
ok 'ch counts its elements' driver
ok 'media go to drives and are written to' loads
ok 'and back, to other slots and to the door' unloads
ok 'what is empty or full is refused' wrong
ok 'mtx goes from one to the next' walks
ok 'tgtd killed: media are where they were' remembers
finish
