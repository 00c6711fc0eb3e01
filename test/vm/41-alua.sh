#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Target port groups: the kernel and dm-multipath take the paths that they are told to, and follow
# when states change under load; first two ports of one target, then one disk of two tgtd.
# vm: -t 600 -m 1536M

. "${0%/*}/lib.sh"

second=127.0.0.2:3260
other=127.0.0.3:3260
map=mpatha

group() { # STATE GROUP
	adm portgroup update --tid 1 --group "$2" --state "$1"
}

serve() {
	PORTALS="$portal,portal=$second,tag=2"
	tgtd_start && target_new 1 && lun_new 1 1 $work/a 64M &&
		adm portgroup new --tid 1 --group 10 --portal-groups 1=101 &&
		adm portgroup new --tid 1 --group 20 --portal-groups 2=102 --state active/non-optimized
}

daemons() {
	modprobe scsi_dh_alua && initiator_start && modprobe -a dm_multipath dm_service_time || return
	cat >/etc/multipath.conf <<-END
		defaults {
			find_multipaths no
			user_friendly_names yes
			polling_interval 1
			max_polling_interval 1
			no_path_retry 30
			path_grouping_policy group_by_prio
			prio alua
			failback immediate
		}
	END
	mkdir -p /run/udev
	/lib/systemd/systemd-udevd --daemon && udevadm settle && multipathd
}

log_in() {
	local p
	for p in "$@"; do
		iscsiadm -m discovery -t st -p "$p" >/dev/null &&
			NODE=$p node_set node.session.timeo.replacement_timeout 2 \
				'node.conn[0].timeo.noop_out_interval' 1 'node.conn[0].timeo.noop_out_timeout' 2 &&
			NODE=$p node --login || return
	done
}

# disk_of PORTAL: the kernel's name of the disk by that path.
disk_of() {
	local s c address
	for s in /sys/class/iscsi_session/session*; do
		for c in "$s"/device/connection*/iscsi_connection/*/persistent_address; do
			read -r address <"$c" || continue
			[ "$address" = "${1%:*}" ] && disk 1 "${s##*session}" && return
		done
	done
	return 1
}

# path PORTAL PRIORITY STATE: as multipathd sees it, and its kernel.
path() {
	local d now
	d=$(disk_of "$1") || { echo "no disk by $1"; return 1; }
	now=$(multipathd show paths format '%d %p' | awk -v d="$d" '$1 == d { print $2 }')
	same "priority of $d" "$now" "$2" && has "/sys/block/$d/device/access_state" "$3"
}

maps() {
	same maps "$(multipathd show maps | grep -c mpath)" 1 && test -b /dev/mapper/$map
}

# written PORTAL: sectors written by this path.
written() {
	local fields
	read -ra fields <"/sys/block/$(disk_of "$1")/stat"
	echo "${fields[6]}"
}

# load_goes_by PORTAL NOT: it writes here, and not there.
load_goes_by() {
	local a b
	a=$(written "$1") && b=$(written "$2") && sleep 1 || return
	[ "$(written "$1")" -gt "$a" ] || { echo "nothing is written by $1"; return 1; }
	same "written by $2" "$(written "$2")" "$b"
}

load_start() {
	fio --name=verify --filename=/dev/mapper/$map --ioengine=libaio --verify=crc32c --verify_fatal=1 \
		--do_verify=1 --rw=randwrite --bs=4k --iodepth=16 --direct=1 --size=48M --io_size=200M \
		--time_based --runtime="$1" --rate_iops=200 >$work/fio.out 2>&1 &
	fio=$!
}

fio_ended() {
	! kill -0 $fio 2>/dev/null
}

load_ends() {
	within 60 fio_ended || { multipath -ll; multipathd show paths; dmesg | tail -n 20; kill -9 $fio; return 1; }
	wait $fio || { tail -n 20 $work/fio.out; return 1; }
}

two_groups() {
	same groups "$(multipathd show topology | grep -c 'policy=')" 2
}

# States as the kernel's sysfs spells them, priorities as multipath's "alua" counts them.
told() {
	within 30 path $portal 50 active/optimized && within 10 path $second 10 active/non-optimized &&
		within 10 maps && within 10 two_groups
}

change_states() {
	load_start 40
	within 20 load_goes_by $portal $second &&
		group active/optimized 20 && group standby 10 &&
		within 20 path $second 50 active/optimized && within 20 path $portal 1 standby &&
		within 20 load_goes_by $second $portal &&
		group active/optimized 10 && group unavailable 20 &&
		within 20 load_goes_by $portal $second &&
		group active/non-optimized 20 && within 30 path $second 10 active/non-optimized &&
		load_ends
}

explicit() {
	local d
	d=$(disk_of $second) && adm target update --tid 1 --name access_changes --value both &&
		within 5 says 'target port group id : 0x14 , Pref=0' sg_rtpg -d "/dev/$d" || return
	says 'Illegal request' sg_stpg --optimized --tp=77 "/dev/$d" || return
	within 5 sg_stpg --optimized --tp=20 "/dev/$d" && within 20 path $second 50 active/optimized &&
		says 'Changed by: explicit' adm portgroup show --tid 1
}

prefers() {
	adm portgroup update --tid 1 --group 20 --state active/non-optimized &&
		adm portgroup update --tid 1 --group 20 --preferred && within 20 path $second 90 active/non-optimized
}

# --- two tgtd

end_one() {
	iscsiadm -m node -u >/dev/null
	multipath -F
	kill $tgtd && wait $tgtd
}

adm2() {
	adm -C 1 "$@"
}

identity() {
	"$@" logicalunit update --tid 1 --lun 1 --params 'scsi_id=shared-1,scsi_sn=shared-1'
}

serve_two() {
	PORTALS=$portal
	tgtd_start -C 0 && target_new 1 && lun_new 1 1 $work/a 64M && identity adm || return
	"$BUILD/tgtd" -f -C 1 -s $work/state2 --iscsi portal=$other >>$work/tgtd2.log 2>&1 &
	tgtd2=$!
	mkdir -p $work/state2
	within 20 adm2 system show >/dev/null &&
		adm2 target new --tid 1 --targetname $target.two &&
		adm2 target bind --tid 1 --initiator-address ALL &&
		adm2 logicalunit new --tid 1 --lun 1 --backing-store $work/a && identity adm2 &&
		adm portgroup new --tid 1 --group 10 --portal-groups 1=101 &&
		adm portgroup new --tid 1 --group 20 --remote-ports 201 --state standby &&
		adm2 portgroup new --tid 1 --group 20 --portal-groups 1=201 --state standby &&
		adm2 portgroup new --tid 1 --group 10 --remote-ports 101
}

log_in_two() {
	log_in $portal && target=$target.two log_in $other
}

one_disk() {
	map=mpathb # another identity
	within 30 path $portal 50 active/optimized && within 10 path $other 1 standby && within 10 maps &&
		says '0x14' sg_rtpg -d "/dev/$(disk_of $portal)"
}

# The first dies, and the second takes over.
take_over() {
	load_start 25
	within 20 load_goes_by $portal $other && kill -9 $tgtd &&
		adm2 portgroup update --tid 1 --group 10 --state unavailable &&
		adm2 portgroup update --tid 1 --group 20 --state active/optimized &&
		within 20 path $other 50 active/optimized && load_ends
}

need 'tgtd has two portal groups, each in a target port group' serve
need 'udevd, iscsid and multipathd start' daemons
need 'login through both' log_in $portal
need 'the other comes by its own portal' log_in $second
need 'states and priorities are those that were said' told
ok 'the load follows when states change' change_states
ok 'an initiator sets a state' explicit
ok 'a preferred group comes first' prefers
need 'tgtd ends' end_one
need 'two tgtd show one store with one identity' serve_two
need 'login to both' log_in_two
ok 'they are one disk, the second in standby' one_disk
ok 'the first dies under load, the second takes over' take_over
ok 'the second lives' kill -0 $tgtd2
finish
