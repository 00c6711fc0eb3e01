#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Random commands against a model (test/lib/property.py): fixed seeds, or those of PROPERTY_SEEDS.
#
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load lib.bash

setup() {
	setup_dir
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk one 1M)"
	add_lun 1 2 "$(make_disk two 1M)"
	tgtadm logicalunit update --tid 1 --lun 2 --params removable=1
}

teardown() { teardown_tgtd; }

@test "three initiators and two disks do what the model says" {
	read -ra seeds <<<"${PROPERTY_SEEDS:-1 2 3 4 5 6 7 8 9 10}"
	PYTHONPATH=$top/test/lib python3 "$top/test/lib/property.py" "$PORT" "$IQN" \
		"${PROPERTY_STEPS:-3000}" "${seeds[@]}"
}
