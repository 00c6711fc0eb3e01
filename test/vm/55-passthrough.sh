#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Devices of the kernel's scsi_debug passed through to the kernel's own initiator: a disk, a tape, and
# what happens to them. sg3_utils speak to both ends.
# vm: -t 420 -C 4M

. "${0%/*}/lib.sh"

# sd_mod comes later: what the initiator gets is a disk, too.
serve() {
	modprobe sg && modprobe scsi_debug dev_size_mb=16 max_luns=1 every_nth=0 ptype=0 delay=0 || return
	within 10 compgen -G '/sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*:0/scsi_generic/sg*' >/dev/null || return
	real=$(echo /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*:0/scsi_generic/sg*)
	real=/dev/${real##*/}
	tgtd_start && target_new 1 &&
		adm logicalunit new --tid 1 --lun 1 --device-type pt --bstype sg --backing-store "$real" &&
		initiator_start && iscsiadm -m discovery -t st -p $portal && login 1 || return
	D=/dev/$(disk 1) && G=$(echo /sys/block/"${D#/dev/}"/device/scsi_generic/*) && G=/dev/${G##*/}
	echo "$real is $D, $G"
}

shown() {
	says 'Type: passthrough' adm --mode target --op show && says 'Backing store type: sg' adm --mode target --op show &&
		says 'Product identification: scsi_debug' sg_inq $G
}

# The serial number and designators of the unit are the device's, those of ports are not.
identity() {
	local a b
	a=$(sg_vpd -p sn -r "$real" | od -An -tx1) && b=$(sg_vpd -p sn -r $G | od -An -tx1) && same serial "$b" "$a" &&
		a=$(sg_vpd -p di_lu -q "$real") && b=$(sg_vpd -p di_lu -q $G) && [ -n "$a" ] && same designators "$b" "$a" &&
		says "$target" sg_vpd -p di $G && says 'iSCSI' sg_vpd -p di $G && ! sg_vpd -p di $G | grep -i 'SAS\|SSP' &&
		says 'SCSI ports' sg_vpd $G
}

limits() {
	local most
	most=$(sg_vpd -p bl $G | sed -n 's/.*Maximum transfer length: \([0-9]*\).*/\1/p')
	echo "maximum transfer length: $most"
	[ "$most" -gt 0 ] && [ "$most" -le 8192 ]
}

data() {
	fio_verify "${D#/dev/}" --size=4M --bs=4k-64k --bsrange=4k-64k --rw=randwrite --iodepth=16 --direct=1 &&
		head -c 1048576 /dev/urandom >$work/in && dd if=$work/in of=$D bs=64k oflag=direct conv=fsync status=none &&
		sg_dd if="$real" of=$work/out bs=512 count=2048 && cmp $work/in $work/out &&
		forget "${D#/dev/}" && cmp -n 1048576 $D $work/in
}

residual() {
	says 'Number of logical blocks=32768' sg_readcap $G && sg_raw -r 64 $G 12 00 00 00 24 00 >$work/said 2>&1 &&
		grep -q 'Received 36 bytes' $work/said
}

# 22: LBA OUT OF RANGE, which only the device knows of.
errors() {
	refuses 22 sg_raw -r 512 $G 28 00 7f ff ff ff 00 00 01 00
}

# scsi_debug fails block 0x1234 and the nine after it for who reads them, when told so.
medium_error() {
	local opts=/sys/bus/pseudo/drivers/scsi_debug/opts
	echo 2 >$opts || return
	sg_raw -r 512 $G 28 00 00 00 12 34 00 00 01 00 >$work/said 2>&1
	echo 0 >$opts
	cat $work/said
	grep -qi 'sense key: medium error' $work/said && grep -qi 'unrecovered read error' $work/said &&
		sg_dd if=$G of=/dev/null bs=512 skip=4660 count=1
}

# Reservations are the target's: the device is not told.
persist() {
	sg_persist -o --register --param-sark=0xabc $G && sg_persist -o --reserve --param-rk=0xabc --prout-type=3 $G &&
		says abc sg_persist -r $G && ! sg_persist -k "$real" | grep -q abc &&
		sg_persist -o --clear --param-rk=0xabc $G
}

# One that comes to know of a new capacity by the device's Unit Attention.
attention() {
	echo 1 >/sys/bus/pseudo/drivers/scsi_debug/virtual_gb && refuses 6 sg_turs $G || return
	sg_turs $G && says 'Number of logical blocks=2097152' sg_readcap $G
}


slow() { # JIFFIES
	echo "$1" >/sys/bus/pseudo/drivers/scsi_debug/delay
}

slow_ns() {
	echo "$1" >/sys/bus/pseudo/drivers/scsi_debug/ndelay
}

# More than the generic driver takes at once, in a device that takes its time, with another unit beside it.
others_go_on() {
	slow_ns 300000000 || return
	fio --name=slow --filename=$D --rw=randread --bs=4k --iodepth=64 --ioengine=libaio --direct=1 --size=8M --number_ios=192 \
		>$work/slow 2>&1 &
	sleep 1
	local start=$EPOCHREALTIME
	says 'State: ready' adm --mode sys --op show
	echo "answered in $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) ms"
	wait $! || { cat $work/slow; slow_ns 0; slow 0; return 1; }
	slow 0
}

# A reset of the unit reaches the device, and its commands come back.
reset() {
	local before after
	before=$(dmesg | grep -c 'scsi_debug.*reset' || true)
	echo 1 >/sys/bus/pseudo/drivers/scsi_debug/opts
	sg_reset -d $G
	echo 0 >/sys/bus/pseudo/drivers/scsi_debug/opts
	after=$(dmesg | grep -c 'scsi_debug.*reset' || true)
	echo "resets: $before, $after"
	refuses 6 sg_turs $G
	within 5 sg_turs $G && [ "$after" -gt "$before" ]
}


# Commands that the device does not answer: the kernel here aborts them after their time.
unanswered() {
	local opts=/sys/bus/pseudo/drivers/scsi_debug rc=0
	logout && adm logicalunit delete --tid 1 --lun 1 --force &&
		adm logicalunit new --tid 1 --lun 1 --device-type pt --backing-store "$1" --bsopts timeout=3 && login 1 || return
	G=$(echo /sys/block/"$(disk 1)"/device/scsi_generic/*) && G=/dev/${G##*/}
	echo 1 >$opts/every_nth && echo 4 >$opts/opts || return
	sg_raw -t 20 -r 512 $G 28 00 00 00 00 00 00 00 01 00 >$work/said 2>&1
	# The initiator's patience ends first: ABORT TASK is answered when the device's time is over.
	sg_raw -t 1 -r 512 $G 28 00 00 00 00 00 00 00 01 00 >$work/said2 2>&1 && rc=1
	echo 0 >$opts/opts && echo 0 >$opts/every_nth
	cat $work/said $work/said2
	[ $rc -eq 0 ] && grep -qi 'aborted command' $work/said && within 30 sg_turs $G &&
		sg_raw -r 512 $G 28 00 00 00 00 00 00 00 01 00 2>&1 | grep 'Received 512'
}

# By the names of other drivers, too.
other_names() {
	local device=/sys/class/scsi_generic/${real#/dev/}/device address
	address=$(basename "$(readlink -f "$device")")
	ls -l /dev/bsg && test -c "/dev/bsg/$address" && unanswered "/dev/bsg/$address"
}

read_only() {
	adm lu update --tid 1 --lun 1 --params readonly=1 && within 5 sg_turs $G
	! sg_dd if=/dev/zero of=$G bs=512 count=1 oflag=sgio 2>$work/said || return
	adm lu update --tid 1 --lun 1 --params readonly=0 && within 5 sg_turs $G && sg_dd if=/dev/zero of=$G bs=512 count=1
}

# The device is taken away under the target; other units and the daemon go on.
unplug() {
	local device=/sys/class/scsi_generic/${real#/dev/}/device
	echo 1 >"$device/delete" && ! sg_turs $G && tgtd_alive && says 'State: ready' adm --mode sys --op show &&
		logout && adm logicalunit delete --tid 1 --lun 1 --force && rmmod scsi_debug
}

# other TYPE TEXT: one of another type in its place, by sg_inq's words for it.
other() {
	modprobe scsi_debug dev_size_mb=16 max_luns=1 ptype="$1" delay=0 || return
	within 10 compgen -G '/sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*:0/scsi_generic/sg*' >/dev/null || return
	real=$(echo /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*:0/scsi_generic/sg*)
	real=/dev/${real##*/}
	adm logicalunit new --tid 1 --lun 1 --device-type pt --backing-store "$real" && node --login || return
	within 20 compgen -G '/sys/class/iscsi_session/session*/device/target*/*:1/scsi_generic/sg*' >/dev/null || return
	G=$(echo /sys/class/iscsi_session/session*/device/target*/*:1/scsi_generic/sg*)
	G=/dev/${G##*/}
	says "$2" sg_inq $G && within 5 sg_turs $G && says 'scsi_debug' sg_inq $G
}

other_gone() {
	logout && adm logicalunit delete --tid 1 --lun 1 && within 10 rmmod scsi_debug
}

tape() {
	other 1 'PDT=1|Sequential|tape' && sg_raw $G 01 00 00 00 00 00 && other_gone
}

cd_and_changer() {
	other 5 'PDT=5|CD|cd' && sg_raw -r 8 $G 25 00 00 00 00 00 00 00 00 00 && other_gone && other 8 'PDT=8|changer' && other_gone
}

# A drive with a CD, which the kernel's CD driver reads at the initiator: MMC's own commands, a door that is locked,
# opened and closed.
cd_drive() {
	modprobe -a virtio_scsi sr_mod cdrom && within 10 test -b /dev/sr0 || return
	head -c 4M /dev/sr0 >$work/cd && rmmod sr_mod || return
	real=$(echo /sys/bus/virtio/drivers/virtio_scsi/virtio*/host*/target*/*/scsi_generic/sg*)
	adm logicalunit new --tid 1 --lun 1 --device-type pt --backing-store "/dev/${real##*/}" && modprobe sr_mod && node --login || return
	within 20 compgen -G '/sys/class/iscsi_session/session*/device/target*/*:1/block/sr*' >/dev/null || return
	D=$(echo /sys/class/iscsi_session/session*/device/target*/*:1/block/sr*) && D=${D##*/}
	G=$(echo /sys/class/iscsi_session/session*/device/target*/*:1/scsi_generic/sg*) && G=/dev/${G##*/}
	head -c 4M "/dev/$D" | cmp - $work/cd && says 'QEMU' sg_inq $G && sg_prevent --prevent=1 $G
}

# 2: NOT READY. QEMU's drive refuses to open while it is locked.
cd_door() {
	! sg_start --eject $G || { echo 'it opened'; return 1; }
	sg_prevent --allow $G && sg_start --eject $G && refuses 2 sg_turs $G && sg_start --load $G && within 10 sg_turs $G &&
		logout && adm logicalunit delete --tid 1 --lun 1
}

by_other_names() {
	! adm logicalunit new --tid 1 --lun 2 --device-type pt --backing-store /dev/null || return
	adm logicalunit new --tid 1 --lun 2 --device-type pt --backing-store /dev/null 2>&1 | grep -q 'no SCSI device'
}

need 'a device passed through' serve
ok 'it is shown, and shows itself' shown
ok 'its name is its own, its ports are ours' identity
ok 'its limits are those of its adapter' limits
ok 'data, verified at both ends' data
ok 'residuals' residual
ok 'its sense data arrives' errors
ok 'so does a medium error' medium_error
ok 'reservations are not told to the device' persist
ok 'more commands than the driver takes, and the daemon answers meanwhile' others_go_on
ok 'a reset reaches the device' reset
ok 'a command that gets no answer' other_names
ok 'read-only' read_only
ok 'its Unit Attentions arrive' attention
ok 'the device is taken away' unplug
ok 'a tape' tape
ok 'a CD, a changer' cd_and_changer
ok 'a CD that is read' cd_drive
ok 'its door' cd_door
ok 'what is no SCSI device is refused' by_other_names
ok 'tgtd lives' tgtd_alive
finish
