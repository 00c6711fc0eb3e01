#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The shipped units under systemd: active when all is configured, reload, restart, failure, stop,
# the watchdog, sockets that systemd holds, and a service without root.
# vm: -S -t 600

. "${0%/*}/lib.sh"

unset TGT_IPC_SOCKET
top=$(readlink -f "${0%/*}/../..")
conf=/etc/tgt/conf.d
second=iqn.2026-11.org.example:second
units=/usr/lib/systemd/system

# As "make PREFIX=/usr install" leaves it.
install_files() {
	rm -rf /etc/tgt && mkdir -p $conf /usr/lib/sysusers.d /usr/lib/tmpfiles.d &&
		install "$BUILD"/tgt{d,adm,-admin} /usr/sbin &&
		install -m 600 "$top"/conf/targets.conf /etc/tgt &&
		install -m 644 "$top"/conf/systemd/tgt{.service,.socket,-control.socket} $units &&
		install -m 644 "$top"/conf/systemd/tgt.sysusers /usr/lib/sysusers.d/tgt.conf &&
		install -m 644 "$top"/conf/systemd/tgt.tmpfiles /usr/lib/tmpfiles.d/tgt.conf &&
		rm -rf /run/tgtd /etc/default/tgt &&
		systemd-tmpfiles --create tgt.conf && systemd-sysusers tgt.conf && systemctl daemon-reload
}

configure() {
	truncate -s 32M $work/a $work/b
	printf '<target %s>\n\tbacking-store %s\n</target>\n' $target $work/a >$conf/a.conf
}

property() {
	systemctl show -P "$1" tgt
}

# unit_is PROPERTY VALUE
unit_is() {
	same "$1" "$(property "$1")" "$2"
}

# What tgtd said, when something failed.
log() {
	journalctl -u tgt -o cat --no-pager
}

says() {
	log | grep -q -- "$1"
}

disk_is_there() {
	iscsiadm -m discovery -t st -p $portal | grep -q "$target" &&
		node_set node.session.timeo.replacement_timeout 30 'node.conn[0].timeo.noop_out_interval' 2 \
			'node.conn[0].timeo.noop_out_timeout' 3 &&
		login 1 && A=$(disk 1) && has /sys/block/"$A"/size $((32 * 2048))
}

# Who opens a file of which another has a lease, waits until that gives it back: so the configuration
# takes as long as we like.
lease() {
	perl -e '
		use Fcntl;
		$SIG{IO} = "IGNORE";
		open(my $f, "<", $ARGV[0]) or die $!;
		fcntl($f, 1024, F_RDLCK) or die "no lease: $!";
		open(my $there, ">", "$ARGV[0].lease");
		sleep 60' $work/a &
	lease=$!
	echo 60 >/proc/sys/fs/lease-break-time
	within 10 test -e $work/a.lease
}

# Until the last LUN is there it is neither active, nor does it let initiators in.
waits() {
	lease && systemctl start --no-block tgt && within 20 adm target show || return
	sleep 2
	unit_is ActiveState activating || return
	! timeout 3 iscsiadm -m discovery -t st -p $portal || return
	unit_is ActiveState activating && kill $lease && within 10 unit_is ActiveState active
}

reload_adds() {
	local pid
	pid=$(property MainPID)
	printf '<target %s>\n\tbacking-store %s\n</target>\n' $second $work/b >$conf/b.conf
	systemctl reload tgt && adm target show | grep -q $second && unit_is MainPID "$pid"
}

reload_refuses() {
	printf '<target %s>\n\tbacking-store %s\n' $second $work/b >$conf/b.conf
	systemctl reload tgt && return 1
	unit_is ActiveState active && adm target show | grep -q $second
}

reload_removes() {
	rm $conf/b.conf
	systemctl reload tgt && ! adm target show | grep $second
}

# The options in force are those of the unit: tgtd can do with them what it must.
confined() {
	local pid
	pid=$(property MainPID)
	has /proc/"$pid"/oom_score_adj -1000 && grep -q '^NoNewPrivs:.*1' /proc/"$pid"/status &&
		grep -q '^Seccomp:.*2' /proc/"$pid"/status && grep -q '^VmLck:.*[1-9]' /proc/"$pid"/status &&
		grep -q '^Max open files  *1048576' /proc/"$pid"/limits
}

another_process() {
	local pid
	pid=$(property MainPID)
	[ "$pid" -gt 0 ] && [ "$pid" != "$1" ] && unit_is ActiveState active
}

# survives COMMAND...: load goes on over what the command does to the service.
survives() {
	local rc=0 fio pid
	pid=$(property MainPID)
	fio_verify "$A" --rw=randwrite --bs=4k --iodepth=8 --direct=1 --size=8M --rate_iops="$1" \
		>$work/fio.out 2>&1 &
	fio=$!
	shift
	sleep 1
	"$@" && within 30 another_process "$pid" || rc=1
	kill -0 $fio || { echo 'the load had ended before'; rc=1; }
	wait $fio || { tail -n 20 $work/fio.out; rc=1; }
	return $rc
}

killed() {
	survives 300 systemctl kill -s KILL tgt && unit_is NRestarts 1
}

# The service's minute as three seconds.
hangs() {
	mkdir -p $units/tgt.service.d
	printf '[Service]\nWatchdogSec=3\n' >$units/tgt.service.d/watchdog.conf
	systemctl daemon-reload && systemctl restart tgt && survives 300 kill -STOP "$(property MainPID)" &&
		unit_is NRestarts 1
}

stops() {
	local pid
	pid=$(property MainPID)
	systemctl stop tgt && unit_is Result success && unit_is ExecMainStatus 0 && unit_is ActiveState inactive &&
		! [ -e /proc/"$pid" ] && ! adm system show
}

refuses_nonsense() {
	echo '<target' >$conf/b.conf
	systemctl start tgt && return 1
	systemctl stop tgt
	systemctl reset-failed tgt
	rm $conf/b.conf
	says "$conf/b.conf:1"
}

# While tgtd is away, systemd holds the port: nobody is refused.
sockets() {
	systemctl start tgt.socket tgt-control.socket && unit_is ActiveState inactive &&
		iscsiadm -m discovery -t st -p $portal | grep -q $target && unit_is ActiveState active &&
		node --login && A=$(within 20 disk 1) && survives 300 systemctl restart tgt && logout &&
		systemctl stop tgt.socket tgt-control.socket tgt
}

control_socket() {
	systemctl start tgt-control.socket && unit_is ActiveState inactive && adm system show &&
		within 20 unit_is ActiveState active && adm target show | grep -q $target &&
		systemctl stop tgt-control.socket tgt
}

# What it may open, and where its state is, are another user's.
without_root() {
	mkdir -p $units/tgt.service.d && rm -f $units/tgt.service.d/*
	install -m 644 "$top"/conf/systemd/unprivileged.conf $units/tgt.service.d || return
	chmod -R a+rX /etc/tgt $work && chown tgt $work/a && systemctl daemon-reload && systemctl start tgt &&
		same user "$(stat -c %U /proc/"$(property MainPID)")" tgt || return
	node --login && A=$(within 20 disk 1) && fio_verify "$A" --rw=randwrite --bs=4k --size=1M --direct=1 &&
		systemctl reload tgt && logout && systemctl stop tgt
}

journalctl -fu tgt -o cat >$work/tgtd.log 2>&1 &
need 'systemd is the first process' has /proc/1/comm systemd
need 'units and programs are installed' install_files
need 'the initiator starts' initiator_start
configure
ok 'active only when all is configured, and nobody is let in before' waits
need 'the disk is there' disk_is_there
ok 'the service is confined, and has what it needs' confined
ok 'reload adds a target' reload_adds
ok 'reload refuses an error, and leaves all as it was' reload_refuses
ok 'reload removes a target' reload_removes
ok 'killed under load: started again, every write is found' killed
ok 'hung under load: the watchdog ends it' hangs
ok 'stop, with an initiator logged in' stops
logout >/dev/null
ok 'a configuration with an error is not started, and the log says where' refuses_nonsense
ok 'the first initiator starts it; a restart under load' sockets
ok 'the first tgtadm starts it' control_socket
ok 'without root' without_root
finish
