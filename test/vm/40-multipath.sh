#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dm-multipath over two portals: it sees one disk, and goes on under load when a path goes, comes
# back, and the other goes.
# vm: -t 600 -m 1536M

. "${0%/*}/lib.sh"

second=127.0.0.2:3260
session=/sys/class/iscsi_session/session

serve() {
	PORTALS="$portal,portal=$second"
	tgtd_start && target_new 1 && lun_new 1 1 $work/a 64M
}

daemons() {
	initiator_start && modprobe -a dm_multipath dm_service_time || return
	cat >/etc/multipath.conf <<-END
		defaults {
			find_multipaths no
			user_friendly_names yes
			polling_interval 1
			max_polling_interval 1
			no_path_retry 30
		}
	END
	mkdir -p /run/udev
	/lib/systemd/systemd-udevd --daemon && udevadm settle && multipathd
}

# Whoever waits long for a path can't use the other meanwhile.
log_in() {
	local p
	iscsiadm -m discovery -t st -p $portal | grep -c "^127.0.0.[12]:3260,1 $target$" | grep -qx 2 || return
	for p in $portal $second; do
		NODE=$p node_set node.session.timeo.replacement_timeout 2 \
			'node.conn[0].timeo.noop_out_interval' 1 'node.conn[0].timeo.noop_out_timeout' 2 &&
			NODE=$p node --login || return
	done
}

# paths_are STATE COUNT: so many paths in this state.
paths_are() {
	local n
	n=$(multipathd show paths format '%d %t' | grep -c " $1\$")
	same "paths that are $1" "$n" "$2"
}

one_map() {
	within 30 paths_are active 2 && within 10 test -b /dev/mapper/mpatha &&
		same maps "$(multipathd show maps | grep -c mpath)" 1 && return
	multipathd show paths
	multipath -ll -v3
	return 1
}

# Both paths tell the same name, and different relative target ports.
paths_differ() {
	local d ids=''
	for d in /sys/class/iscsi_session/session*/device/target*/*/block/*; do
		sg_vpd -p di /dev/"${d##*/}" >$work/di."${d##*/}" || return
		ids+=" $(sed -n 's/.*\[\(0x6[0-9a-f]*\)\]$/\1/p;s/^ *\(0x[36][0-9a-f]*\)$/\1/p' $work/di."${d##*/}" | head -n 1)"
	done
	echo "$ids"
	read -r one two rest <<<"$ids"
	[ -n "$two" ] && [ -z "$rest" ] && same 'the second name' "$two" "$one"
}

path_goes() {
	local address=${1%:*}
	adm portal delete --portal "$1" && ss -K dst "$address" dport = 3260 >/dev/null &&
		within 40 paths_are active 1
}

path_comes() {
	adm portal new --portal "$1" && within 60 paths_are active 2
}

# Each path alone carries the load for a while.
failover() {
	local fio rc=0
	fio --name=verify --filename=/dev/mapper/mpatha --ioengine=libaio --verify=crc32c --verify_fatal=1 \
		--do_verify=1 --rw=randwrite --bs=4k --iodepth=16 --direct=1 --size=48M \
		--rate_iops=350 >$work/fio.out 2>&1 &
	fio=$!
	sleep 2
	path_goes $portal && sleep 1 && path_comes $portal && path_goes $second && sleep 1 &&
		path_comes $second || rc=1
	kill -0 $fio 2>/dev/null || { echo 'the load had ended before'; rc=1; }
	wait $fio || { tail -n 20 $work/fio.out; rc=1; }
	[ $rc = 0 ] || multipath -ll
	return $rc
}

file_system() {
	mkfs.ext4 -q -F /dev/mapper/mpatha && mkdir -p /mnt/t && mount /dev/mapper/mpatha /mnt/t &&
		cp /bin/bash /mnt/t/ && umount /mnt/t && multipath -f mpatha
}

need 'tgtd listens on two portals' serve
need 'udevd, iscsid and multipathd start' daemons
need 'login through both' log_in
need 'the paths make one disk' one_map
ok 'both paths tell the same name' paths_differ
ok 'fail over and back under load, with verification' failover
ok 'a file system, and the map goes' file_system
ok 'tgtd lives' tgtd_alive
finish
