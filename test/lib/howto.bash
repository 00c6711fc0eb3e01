# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the commands of doc/howto (howto.py makes a script of them) on a machine that may be changed:
# the virtual one, or behind howto_machine, namespaces of this one. The programs are those of
# $BUILD. sudo does nothing, and systemctl does with tgt.service what its unit
# says.
#
#    HOWTO_OWN=y howto_run FILE.md KIND...     or     howto_machine && howto_run FILE.md KIND...

howto_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
howto_dir=$(mktemp -d /tmp/howto.XXXXXX)
PATH=$BUILD:$howto_top/usr:$PATH:/usr/sbin:/sbin
howto_said=$howto_dir/said
unset TGT_IPC_SOCKET

# howto_tool FILE: a program that is not installed, and may stand where directories are hidden.
howto_tool() {
	mkdir -p /run/tools
	touch "/run/tools/${1##*/}"
	mount --bind "$1" "/run/tools/${1##*/}"
	PATH=$PATH:/run/tools
}

# Directories of its own where how-tos write, and the tools named. Needs "unshare -mn"; the rest of the
# machine is seen.
howto_machine() {
	local d
	cp -a /etc "$howto_dir/etc"
	mount --make-rprivate /
	mount --bind "$howto_dir/etc" /etc
	mount -t tmpfs tmpfs /run
	for d in "$@"; do
		howto_tool "$d"
	done
	for d in /srv /mnt /root /usr/local/etc; do
		mount -t tmpfs tmpfs "$d"
	done
	mkdir -p "$howto_dir/var/lib" "$howto_dir/var/tmp"
	mount --bind "$howto_dir/var" /var
	ln -s /run /var/run
	HOWTO_OWN=y
}

# What "make install PREFIX=/usr" would leave, and the address that the texts speak of.
howto_install() {
	rm -rf /etc/tgt /etc/default/tgt
	mkdir -p /etc/tgt/conf.d
	cp "$howto_top/conf/targets.conf" /etc/tgt
	# A build for /usr/local looks there.
	[ -e /usr/local/etc/tgt ] || ln -s /etc/tgt /usr/local/etc/tgt
	ip link set lo up
	ip address replace 192.0.2.1/24 dev lo
	ip address replace 198.51.100.1/24 dev lo
}

sudo() {
	"$@"
}

howto_unit() {
	sed -n "s,^$1=+\{0\,1\}\(/usr/sbin/\)\{0\,1\},,p" "$howto_top/conf/systemd/tgt.service"
}

howto_systemctl_start() {
	local words
	eval "$(howto_unit Environment)"
	TGTD_OPTS=''
	# shellcheck disable=SC1091
	[ ! -e /etc/default/tgt ] || . /etc/default/tgt
	# To syslog it would say nothing here.
	eval "words=($(howto_unit ExecStart | sed 's/ -D / -f /'))"
	"${words[@]}" >"$howto_dir/tgtd.log" 2>&1 &
	HOWTO_TGTD=$!
	until grep -q ' is ready$' "$howto_dir/tgtd.log"; do
		kill -0 $HOWTO_TGTD || { cat "$howto_dir/tgtd.log"; return 1; }
		sleep 0.05
	done
}

howto_systemctl_stop() {
	[ -n "${HOWTO_TGTD:-}" ] || return 0
	kill "$HOWTO_TGTD"
	wait "$HOWTO_TGTD"
	HOWTO_TGTD=
}

systemctl() {
	case "$*" in
	'enable --now tgt' | 'start tgt') howto_systemctl_start ;;
	'restart tgt') howto_systemctl_stop && howto_systemctl_start ;;
	'reload tgt') eval "$(howto_unit ExecReload)" ;;
	'stop tgt' | 'disable --now tgt') howto_systemctl_stop ;;
	'enable --now multipathd') multipathd ;;
	'restart isnsd')
		isnsd -f &
		HOWTO_ISNSD=$!
		;;
	*) echo "systemctl $*: not known here"; return 1 ;;
	esac
}

# howto_step PLACE: runs standard input here, so that what it sets stays set. A command that fails
# ends it all: the shell is one with "set -e".
howto_step() {
	howto_text=$(cat)
	printf '== %s\n%s\n' "$1" "$howto_text" | sed '2,$s/^/$ /'
	exec 6>&1 7>&2 >"$howto_said" 2>&1 </dev/null
	eval "$howto_text"
	exec >&6 2>&7
	cat "$howto_said"
}

# howto_shows PLACE: standard input is what the last step has printed.
howto_shows() {
	local want said found
	exec 8<"$howto_said"
	while IFS= read -r want; do
		[[ $want =~ ^\ *\.\.\.$ ]] && continue
		found=''
		while [ -z "$found" ] && IFS= read -r said <&8; do
			# shellcheck disable=SC2053 # a pattern
			[[ $said == ${want//.../*} ]] && found=y
		done
		[ -n "$found" ] || { echo "$1: this is not shown: $want"; exit 1; }
	done
	exec 8<&-
}

howto_end() {
	howto_rc=$?
	set +e
	exec >&6 2>&7
	if [ $howto_rc -ne 0 ]; then
		echo '== it failed; the last command said:'
		cat "$howto_said"
		echo '== log of tgtd'
		cat "$howto_dir/tgtd.log"
	fi
	howto_systemctl_stop || howto_rc=1
	[ -z "${HOWTO_ISNSD:-}" ] || kill "$HOWTO_ISNSD"
	rm -rf "$howto_dir"
	exit $howto_rc
}

# howto_run FILE.md KIND...
howto_run() {
	[ -n "${HOWTO_OWN:-}" ] || { echo 'howto: this machine is not mine to change'; exit 1; }
	set -eu
	exec 6>&1 7>&2
	trap howto_end EXIT
	howto_install
	eval "$("$howto_top/test/lib/howto.py" "$@")"
}
