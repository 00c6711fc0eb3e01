# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A Ceph cluster of one monitor and one OSD on 127.0.0.1, as plain processes, for tests of the store
# rbd. Its data survive a kill. Needs ceph-mon, ceph-osd and ceph-common.

# ceph_conf DIR PORT [none|cephx]
ceph_conf() {
	cat <<-END
	[global]
	fsid = 6b8b4567-327b-23c6-643c-986966334873
	mon host = v2:127.0.0.1:$2/0
	mon initial members = a
	public addr = 127.0.0.1
	cluster addr = 127.0.0.1
	ms bind ipv6 = false
	ms bind msgr1 = false
	ms async op threads = 1
	auth cluster required = ${3:-none}
	auth service required = ${3:-none}
	auth client required = ${3:-none}
	auth allow insecure global id reclaim = false
	keyring = $1/keyring
	run dir = $1
	crash dir = $1
	osd pool default size = 1
	osd pool default min size = 1
	osd pool default pg num = 8
	osd pool default pg autoscale mode = off
	osd crush chooseleaf type = 0
	mon allow pool size one = true
	mon warn on pool no redundancy = false
	mon max pg per osd = 1000
	mon data avail warn = 1
	mon data avail crit = 1
	paxos propose interval = 0.05
	paxos min wait = 0.01
	osd fast shutdown notify mon = false
	[mon]
	log file = $1/mon.log
	mon data = $1/mon
	mon cluster log file = $1/cluster.log
	[osd]
	log file = $1/osd.log
	osd client watch timeout = 5
	osd data = $1/osd
	osd objectstore = bluestore
	osd op num shards = 2
	osd op num threads per shard = 1
	osd memory target = 939524096
	bluestore block size = 2147483648
	bluestore block create = true
	bluestore fsck on mount = false
	END
}

ceph_osd_up() {
	timeout 20 ceph --connect-timeout 15 osd stat 2>/dev/null | grep -q '1 up'
}

# ceph_daemons DIR: starts both; CEPH_MON and CEPH_OSD are their processes.
ceph_daemons() {
	ceph-mon -i a -f >"$1/mon.out" 2>&1 3>&- &
	CEPH_MON=$!
	[ ! -e "$1/made" ] || timeout 60 ceph osd down 0 >/dev/null 2>&1
	[ -e "$1/made" ] || {
		timeout 60 ceph osd new 5f3e2a10-8c55-4c3a-9a5f-0d1c2b3a4e5f 0 >/dev/null 2>&1 &&
			ceph-osd -i 0 --mkfs --osd-uuid 5f3e2a10-8c55-4c3a-9a5f-0d1c2b3a4e5f >"$1/mkfs.out" 2>&1
	}
	ceph-osd -i 0 -f >"$1/osd.out" 2>&1 3>&- &
	CEPH_OSD=$!
	wait_for 60 ceph_osd_up
}

# ceph_new DIR PORT [cephx]: makes it, with the pool rbd; exports CEPH_CONF.
ceph_new() {
	mkdir -p "$1/mon" "$1/osd"
	ceph_conf "$@" >"$1/ceph.conf"
	export CEPH_CONF=$1/ceph.conf
	ceph-authtool "$1/keyring" --create-keyring --gen-key -n mon. --cap mon 'allow *' >/dev/null
	ceph-authtool "$1/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' >/dev/null
	ceph-authtool "$1/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' >/dev/null
	monmaptool --create --clobber --fsid 6b8b4567-327b-23c6-643c-986966334873 \
		--addv a "[v2:127.0.0.1:$2/0]" "$1/monmap" >/dev/null
	ceph-mon -i a --mkfs --monmap "$1/monmap" --keyring "$1/keyring" >"$1/mkfs.out" 2>&1 || return
	ceph_daemons "$1" || return
	timeout 60 ceph osd pool create rbd 8 8 >/dev/null 2>&1
	timeout 60 ceph osd pool application enable rbd rbd >/dev/null 2>&1
	touch "$1/made"
}

ceph_kill() {
	kill -KILL "$CEPH_OSD" "$CEPH_MON" 2>/dev/null
	wait "$CEPH_OSD" "$CEPH_MON" 2>/dev/null || true
}
