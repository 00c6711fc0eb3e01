#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # bats sets output and status
#
# Stores that are modules, as the daemon finds, names and refuses them.

load lib.bash

teardown() {
	teardown_tgtd
}

@test "a store that is a module serves, and is named among the stores" {
	start_tgtd --modules "$BUILD/test/module"
	tgtadm --mode sys --op show | grep -x '    toy (bsoflags direct)'
	tgtadm system show --json |
		jq -e '.backing_stores[] | select(.name == "toy").module | endswith("/bs_toy.so")'
	tgtadm system show --json |
		jq -e '.backing_stores[] | select(.name == "rdwr") | has("module") | not'
	add_target
	add_lun 1 1 any --bstype toy --bsopts 'size=1M;byte=66'
	qemu-io -f raw -r -c 'read -P 66 0 1M' "$(url 1)" | grep '1 MiB'
}

@test "a module of another version is logged, and its refusal told when it is asked for" {
	start_tgtd --modules "$BUILD/test/module"
	grep 'bs_old.so: it was built for another tgtd' "$LOG"
	add_target
	run add_lun 1 1 any --bstype old
	[ "$status" -ne 0 ]
	[[ $output == *"bs_old.so can't be used: it was built for another tgtd"* ]]
}

@test "a module that is not installed is told with the package it is in" {
	start_tgtd --modules "$DIR"
	add_target
	run add_lun 1 1 pool/image --bstype rbd
	[ "$status" -ne 0 ]
	[[ $output == *'install the package tgt-rbd'* ]]
	run add_lun 1 1 vol@host:file --bstype glfs
	[[ $output == *'install the package tgt-glusterfs'* ]]
}

@test "a module that is installed while tgtd runs is there when it is asked for" {
	setup_dir
	mkdir "$DIR/modules"
	start_tgtd --modules "$DIR/modules"
	add_target
	run add_lun 1 1 any --bstype toy --bsopts size=1M
	[[ $output == *"no backing store type 'toy'"* ]]
	cp "$BUILD/test/module/bs_toy.so" "$DIR/modules"
	add_lun 1 1 any --bstype toy --bsopts 'size=1M;byte=67'
	tgtadm --mode sys --op show | grep -x '    toy (bsoflags direct)'
	qemu-io -f raw -r -c 'read -P 67 0 1M' "$(url 1)" | grep '1 MiB'
	cp "$BUILD/test/module/bs_old.so" "$DIR/modules"
	run add_lun 1 2 any --bstype old
	[[ $output == *'it was built for another tgtd'* ]]
}

@test "the default directory is in the help" {
	"$TGTD" --help | grep 'tgt/backing-store'
}
