#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The how-tos with the lines for the client, which need a kernel: run as they stand there.
# vm: -t 900 -m 1536M

. "${0%/*}/lib.sh"

udev_start() {
	modprobe -a dm_multipath dm_service_time &&
		mkdir -p /run/udev && /lib/systemd/systemd-udevd --daemon && udevadm trigger && udevadm settle
}

# Each in a shell of its own, that ends its daemon.
follow() {
	rm -rf /etc/iscsi/nodes /etc/iscsi/send_targets
	mount -t tmpfs tmpfs /srv
	HOWTO_OWN=y bash -c '. "$1" && howto_run "$2" run vm' - "${0%/*}/../lib/howto.bash" \
		"${0%/*}/../../doc/howto/$1.md"
}

need 'udev runs' udev_start
need 'the initiator runs' initiator_start
ok 'a first disk' follow first-disk
ok 'passwords' follow chap
ok 'two paths to one disk' follow multipath
ok 'configuration that stays' follow persistent
ok 'tuning' follow tuning
finish
