/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target port groups: what initiators are told of them, which commands a port takes in each state,
 * who is told of a change, and what SET TARGET PORT GROUPS does.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_disk.h"
#include "t_loop.h"
#include "target/port_group.h"

/* Two ports of one target: d->a comes by the first, the other by the second. */
struct ports {
	struct disk *d;
	struct nexus *two;
};

static void group(struct target *t, uint16_t id, const char *state, const char *ports,
		  const char *remote)
{
	struct port_group_change ch = { .id = id, .state = state, .ports = ports,
					.remote_ports = remote };
	struct err err = { .code = ERR_OK };

	assert_int_equal(port_group_set(t, &ch, false, &err), 0);
}

static void set_state(struct target *t, uint16_t id, const char *state)
{
	struct port_group_change ch = { .id = id, .state = state };
	struct err err = { .code = ERR_OK };

	assert_int_equal(port_group_set(t, &ch, true, &err), 0);
}

static void changes(struct target *t, const char *value)
{
	struct err err = { .code = ERR_OK };

	assert_int_equal(port_groups_target_set(t, "access_changes", value, &err), 0);
}

static enum scsi_result run_by(struct disk *d, struct nexus *n, const uint8_t *cdb,
			       const void *out, uint32_t out_len, uint8_t *in, uint32_t in_max)
{
	struct shot s = { .out = out, .out_len = out_len, .in = in, .in_max = in_max };

	memcpy(s.cdb, cdb, sizeof(s.cdb));
	shot_start(d, &s, n);
	shot_wait(&s);
	return shot_result(&s);
}

static enum scsi_result tur(struct disk *d, struct nexus *n)
{
	const uint8_t cdb[32] = { 0 };

	return run_by(d, n, cdb, NULL, 0, NULL, 0);
}

static void no_ua(struct ports *p)
{
	struct itl *itl;

	tur(p->d, p->d->a);
	tur(p->d, p->d->b);
	tur(p->d, p->two);
	list_for_each(itl, &p->d->lu->itls, lu_link)
		itl->ua = 0;
}

static int setup(void **state)
{
	static const uint8_t isid[6] = { 0, 2, 0x3d };
	struct ports *p = test_malloc(sizeof(*p));

	p->d = disk_new(NULL, "1M", 512);
	p->two = nexus_create(p->d->target, p->d->target->transport, "iqn.2026-01.test:two", isid,
			      77, 2, NULL);
	assert_non_null(p->two);
	group(p->d->target, 10, NULL, "1", NULL);
	group(p->d->target, 20, "standby", "2=22", NULL);
	no_ua(p);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct ports *p = *state;

	disk_logout(p->d, p->two);
	disk_free(p->d);
	test_free(p);
	return 0;
}

static void cdb_groups(uint8_t *cdb, uint8_t op, uint8_t format, uint32_t len)
{
	memset(cdb, 0, 32);
	cdb[0] = op;
	cdb[1] = (uint8_t)(format << 5 | 0x0a);
	put_be32(cdb + 6, len);
}

/* The bytes of the answer. */
static uint32_t report(struct disk *d, struct nexus *n, uint8_t format, uint8_t *buf)
{
	uint8_t cdb[32];

	memset(buf, 0xee, 512);
	cdb_groups(cdb, 0xa3, format, 512);
	assert_int_equal(run_by(d, n, cdb, NULL, 0, buf, 512), RES_GOOD);
	return 4 + get_be32(buf);
}

static enum scsi_result set_groups(struct disk *d, struct nexus *n, uint16_t id, uint8_t access)
{
	uint8_t cdb[32], list[8] = { 0, 0, 0, 0, access, 0, (uint8_t)(id >> 8), (uint8_t)id };

	cdb_groups(cdb, 0xa4, 0, sizeof(list));
	return run_by(d, n, cdb, list, sizeof(list), NULL, 0);
}

/* --- what is told */

static void groups_are_reported_with_their_ports(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 24,
					0x00, 0xcf, 0, 10, 0, 0, 0, 1, 0, 0, 0, 1,
					0x02, 0xcf, 0, 20, 0, 0, 0, 1, 0, 0, 0, 22 };
	struct ports *p = *state;
	uint8_t buf[512];

	assert_int_equal(report(p->d, p->d->a, 0, buf), sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
	assert_int_equal(report(p->d, p->two, 0, buf), sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
}

static void extended_header_has_the_transition_time(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 28, 0x10, 60, 0, 0, 0x00, 0xcf, 0, 10 };
	struct ports *p = *state;
	struct err err = { .code = ERR_OK };
	uint8_t buf[512], cdb[32];

	assert_int_equal(port_groups_target_set(p->d->target, "transition_time", "60", &err), 0);
	assert_int_equal(report(p->d, p->d->a, 1, buf), 32);
	assert_memory_equal(buf, want, sizeof(want));
	cdb_groups(cdb, 0xa3, 2, 512);
	assert_int_equal(run_by(p->d, p->d->a, cdb, NULL, 0, buf, 512), RES_INVALID_FIELD_CDB);
	assert_int_equal(port_groups_target_set(p->d->target, "transition_time", "256", &err),
			 -EINVAL);
}

static void a_preferred_group_has_the_bit(void **state)
{
	struct ports *p = *state;
	struct port_group_change ch = { .id = 20, .preferred = json_true() };
	struct err err = { .code = ERR_OK };
	uint8_t buf[512];

	assert_int_equal(port_group_set(p->d->target, &ch, true, &err), 0);
	assert_int_equal(tur(p->d, p->d->a), RES_UA_ALUA_CHANGED);
	report(p->d, p->d->a, 0, buf);
	assert_int_equal(buf[4], 0x00);
	assert_int_equal(buf[16], 0x82);
}

static void inquiry_says_who_may_change_states(void **state)
{
	const uint8_t cdb[32] = { 0x12, 0, 0, 0, 96 };
	struct ports *p = *state;
	uint8_t buf[96];
	struct err err;

	assert_int_equal(run_by(p->d, p->d->a, cdb, NULL, 0, buf, 96), RES_GOOD);
	assert_int_equal(buf[5] & 0x30, 0x10);
	changes(p->d->target, "both");
	assert_int_equal(tur(p->d, p->d->a), RES_UA_INQUIRY_CHANGED);
	run_by(p->d, p->d->a, cdb, NULL, 0, buf, 96);
	assert_int_equal(buf[5] & 0x30, 0x30);
	port_group_delete(p->d->target, 10, &err);
	port_group_delete(p->d->target, 20, &err);
	run_by(p->d, p->d->a, cdb, NULL, 0, buf, 96);
	assert_int_equal(buf[5] & 0x30, 0);
}

static void without_groups_the_commands_are_not_there(void **state)
{
	struct disk *d = disk_new(NULL, "1M", 512);
	uint8_t cdb[32], buf[64];

	(void)state;
	cdb_groups(cdb, 0xa3, 0, sizeof(buf));
	expect_run(INVALID_FIELD_CDB, d, cdb, NULL, 0, buf, sizeof(buf));
	cdb_groups(cdb, 0xa4, 0, 0);
	expect_run(INVALID_FIELD_CDB, d, cdb, NULL, 0, NULL, 0);
	disk_free(d);
}

/* The designator of a port of this type in VPD 83h; its last two bytes. */
static int port_designator(struct ports *p, struct nexus *n, uint8_t type)
{
	const uint8_t cdb[32] = { 0x12, 1, 0x83, 2, 0 };
	uint8_t buf[512];

	assert_int_equal(run_by(p->d, n, cdb, NULL, 0, buf, 512), RES_GOOD);
	for (uint32_t at = 4; at < 4U + get_be16(buf + 2); at += 4U + buf[at + 3])
		if ((buf[at + 1] & 0x3f) == (0x10 | type))
			return get_be16(buf + at + 6);
	return -1;
}

static void designators_are_those_of_the_port(void **state)
{
	struct ports *p = *state;
	struct err err;

	assert_int_equal(port_designator(p, p->d->a, 4), 1);
	assert_int_equal(port_designator(p, p->d->a, 5), 10);
	assert_int_equal(port_designator(p, p->two, 4), 22);
	assert_int_equal(port_designator(p, p->two, 5), 20);
	port_group_delete(p->d->target, 20, &err);
	assert_int_equal(port_designator(p, p->two, 4), 2);
	assert_int_equal(port_designator(p, p->two, 5), -1);
}

/* --- gates */

static const struct {
	const char *state;
	enum scsi_result refused;
	bool standby;
} gated[] = {
	{ "standby", RES_NR_STANDBY, true },
	{ "unavailable", RES_NR_UNAVAILABLE, false },
	{ "offline", RES_NR_OFFLINE, false },
	{ "transitioning", RES_NR_TRANSITION, false },
};

static void refused_in(struct ports *p, enum scsi_result want, bool standby)
{
	const uint8_t inquiry[32] = { 0x12, 0, 0, 0, 96 }, sense[32] = { 0x03, 0, 0, 0, 18 },
		      luns[32] = { 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64 }, mode[32] = { 0x1a, 0, 0x0a, 0, 64 },
		      capacity[32] = { 0x25 }, keys[32] = { 0x5e, 0, 0, 0, 0, 0, 0, 0, 64 };
	uint8_t buf[512], cdb[32];
	struct disk *d = p->d;

	assert_int_equal(tur(d, p->two), want);
	cdb16(cdb, 0x88, 0, 0, 1);
	assert_int_equal(run_by(d, p->two, cdb, NULL, 0, buf, 512), want);
	cdb16(cdb, 0x8a, 0, 0, 1);
	assert_int_equal(run_by(d, p->two, cdb, buf, 512, NULL, 0), want);
	assert_int_equal(run_by(d, p->two, inquiry, NULL, 0, buf, 96), RES_GOOD);
	assert_int_equal(run_by(d, p->two, sense, NULL, 0, buf, 18), RES_GOOD);
	assert_int_equal(run_by(d, p->two, luns, NULL, 0, buf, 64), RES_GOOD);
	assert_int_equal(run_by(d, p->two, mode, NULL, 0, buf, 64), standby ? RES_GOOD : want);
	assert_int_equal(run_by(d, p->two, keys, NULL, 0, buf, 64), standby ? RES_GOOD : want);
	assert_int_equal(run_by(d, p->two, capacity, NULL, 0, buf, 8), standby ? RES_GOOD : want);
	report(d, p->two, 0, buf);
	assert_int_equal(tur(d, d->a), RES_GOOD);
}

static void each_state_takes_its_commands_and_says_why_not_others(void **state)
{
	struct ports *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(gated); i++) {
		set_state(p->d->target, 20, gated[i].state);
		no_ua(p);
		refused_in(p, gated[i].refused, gated[i].standby);
	}
	set_state(p->d->target, 20, "active/non-optimized");
	no_ua(p);
	assert_int_equal(tur(p->d, p->two), RES_GOOD);
}

static void a_port_in_no_group_is_active(void **state)
{
	struct ports *p = *state;
	struct err err;

	assert_int_equal(tur(p->d, p->two), RES_NR_STANDBY);
	port_group_delete(p->d->target, 20, &err);
	no_ua(p);
	assert_int_equal(tur(p->d, p->two), RES_GOOD);
}

static void a_group_without_ports_has_those_that_are_left(void **state)
{
	struct ports *p = *state;
	struct err err;

	port_group_delete(p->d->target, 20, &err);
	group(p->d->target, 30, "unavailable", NULL, NULL);
	no_ua(p);
	assert_int_equal(tur(p->d, p->two), RES_NR_UNAVAILABLE);
	assert_int_equal(tur(p->d, p->d->a), RES_GOOD);
}

static void sessions_that_come_later_find_the_state(void **state)
{
	static const uint8_t isid[6] = { 0, 2, 0x3d, 9 };
	struct ports *p = *state;
	struct nexus *n = nexus_create(p->d->target, p->d->target->transport, "iqn.2026-01.test:new",
				       isid, 78, 2, NULL);

	assert_int_equal(tur(p->d, n), RES_UA_POWER_ON);
	assert_int_equal(tur(p->d, n), RES_NR_STANDBY);
	disk_logout(p->d, n);
}

/* --- changes */

static void an_implicit_change_is_told_to_all(void **state)
{
	struct ports *p = *state;
	uint8_t buf[512];

	set_state(p->d->target, 20, "active/optimized");
	assert_int_equal(tur(p->d, p->d->a), RES_UA_ALUA_CHANGED);
	assert_int_equal(tur(p->d, p->d->a), RES_GOOD);
	assert_int_equal(tur(p->d, p->d->b), RES_UA_ALUA_CHANGED);
	assert_int_equal(tur(p->d, p->two), RES_UA_ALUA_CHANGED);
	assert_int_equal(tur(p->d, p->two), RES_GOOD);
	report(p->d, p->two, 0, buf);
	assert_int_equal(buf[16], 0);
	assert_int_equal(buf[21], ACCESS_IMPLICIT);
	set_state(p->d->target, 20, "active/optimized");
	assert_int_equal(tur(p->d, p->two), RES_GOOD);
}

static void an_explicit_change_is_told_to_the_others(void **state)
{
	struct ports *p = *state;
	uint8_t buf[512];

	changes(p->d->target, "explicit");
	no_ua(p);
	assert_int_equal(set_groups(p->d, p->two, 20, ACCESS_NONOPTIMIZED), RES_GOOD);
	assert_int_equal(tur(p->d, p->two), RES_GOOD);
	assert_int_equal(tur(p->d, p->d->a), RES_UA_ALUA_CHANGED);
	assert_int_equal(tur(p->d, p->d->b), RES_UA_ALUA_CHANGED);
	report(p->d, p->two, 0, buf);
	assert_int_equal(buf[16], ACCESS_NONOPTIMIZED);
	assert_int_equal(buf[21], ACCESS_EXPLICIT);
	assert_int_equal(buf[9], ACCESS_NEVER);
}

static void other_disks_of_the_group_are_told_to_who_asked(void **state)
{
	struct ports *p = *state;

	disk_add_lu(p->d, NULL, 2, NULL, "1M", 512);
	changes(p->d->target, "explicit");
	no_ua(p);
	p->d->lun = 2;
	while (tur(p->d, p->two) != RES_NR_STANDBY)
		;
	p->d->lun = 1;
	no_ua(p);
	assert_int_equal(set_groups(p->d, p->two, 20, ACCESS_OPTIMIZED), RES_GOOD);
	assert_int_equal(tur(p->d, p->two), RES_GOOD);
	p->d->lun = 2;
	assert_int_equal(tur(p->d, p->two), RES_UA_ALUA_CHANGED);
}

static void initiators_change_nothing_where_they_may_not(void **state)
{
	struct ports *p = *state;

	assert_int_equal(set_groups(p->d, p->two, 20, ACCESS_OPTIMIZED), RES_INVALID_FIELD_CDB);
	changes(p->d->target, "explicit");
	no_ua(p);
	assert_int_equal(set_groups(p->d, p->two, 21, 0), RES_INVALID_FIELD_PARAM);
	assert_int_equal(set_groups(p->d, p->two, 20, ACCESS_OFFLINE), RES_INVALID_FIELD_PARAM);
	assert_int_equal(set_groups(p->d, p->two, 20, ACCESS_TRANSITIONING), RES_INVALID_FIELD_PARAM);
	assert_int_equal(set_groups(p->d, p->two, 20, 4), RES_INVALID_FIELD_PARAM);
	assert_int_equal(tur(p->d, p->two), RES_NR_STANDBY);
}

static void a_list_with_one_bad_group_changes_none(void **state)
{
	const uint8_t list[12] = { [4] = ACCESS_STANDBY, [7] = 10, [8] = 0, [11] = 99 };
	struct ports *p = *state;
	uint8_t cdb[32];

	changes(p->d->target, "explicit");
	no_ua(p);
	cdb_groups(cdb, 0xa4, 0, 12);
	assert_int_equal(run_by(p->d, p->two, cdb, list, 12, NULL, 0), RES_INVALID_FIELD_PARAM);
	assert_int_equal(tur(p->d, p->d->a), RES_GOOD);
	cdb_groups(cdb, 0xa4, 0, 7);
	assert_int_equal(run_by(p->d, p->two, cdb, list, 7, NULL, 0), RES_PARAM_LIST_LENGTH);
	cdb_groups(cdb, 0xa4, 0, 0);
	assert_int_equal(run_by(p->d, p->two, cdb, NULL, 0, NULL, 0), RES_GOOD);
}

static void a_group_of_another_tgtd_is_reported_but_cannot_be_set(void **state)
{
	struct ports *p = *state;
	uint8_t buf[512];

	group(p->d->target, 40, "unavailable", NULL, "101,102");
	changes(p->d->target, "both");
	no_ua(p);
	assert_int_equal(report(p->d, p->d->a, 0, buf), 28 + 16);
	assert_int_equal(buf[28], ACCESS_UNAVAILABLE);
	assert_int_equal(buf[35], 2);
	assert_int_equal(get_be16(buf + 38), 101);
	assert_int_equal(get_be16(buf + 42), 102);
	assert_int_equal(set_groups(p->d, p->d->a, 40, ACCESS_OPTIMIZED), RES_HW_SET_TPG);
	set_state(p->d->target, 40, "active/optimized");
	assert_int_equal(tur(p->d, p->d->a), RES_UA_ALUA_CHANGED);
}

static void while_a_group_changes_it_cannot_be_set(void **state)
{
	struct ports *p = *state;

	changes(p->d->target, "both");
	set_state(p->d->target, 20, "transitioning");
	no_ua(p);
	assert_int_equal(set_groups(p->d, p->d->a, 20, ACCESS_OPTIMIZED), RES_NR_TRANSITION);
	assert_int_equal(set_groups(p->d, p->two, 10, ACCESS_STANDBY), RES_NR_TRANSITION);
	assert_int_equal(set_groups(p->d, p->d->a, 10, ACCESS_NONOPTIMIZED), RES_GOOD);
}

/* --- one disk behind two targets */

static struct target *second_target(struct ports *p, struct nexus **n)
{
	struct target *t = disk_add_target(p->d, 2);
	struct err err = { .code = ERR_OK };
	struct lu *lu = disk_add_lu(p->d, t, 1, NULL, "1M", 512);

	assert_int_equal(lu_set(p->d->lu, "scsi_sn", "shared", &err), 0);
	assert_int_equal(lu_set(lu, "scsi_sn", "shared", &err), 0);
	group(t, 30, "active/non-optimized", "1=31", NULL);
	*n = disk_login(p->d, t, "iqn.2026-01.test:a", NULL);
	for (int i = 0; i < 4; i++)
		tur(p->d, *n);
	no_ua(p);
	return t;
}

static void groups_of_all_targets_of_a_disk_are_reported_by_each(void **state)
{
	struct ports *p = *state;
	uint8_t one[512], other[512];
	struct nexus *n;

	second_target(p, &n);
	assert_int_equal(report(p->d, p->d->a, 0, one), 40);
	assert_int_equal(get_be16(one + 30), 30);
	assert_int_equal(get_be16(one + 38), 31);
	assert_int_equal(report(p->d, n, 0, other), 40);
	assert_int_equal(get_be16(other + 6), 30);
	assert_memory_equal(one + 4, other + 16, 24);
	disk_logout(p->d, n);
}

static void a_change_is_told_and_made_through_the_other_target(void **state)
{
	struct ports *p = *state;
	struct target *t;
	struct nexus *n;

	t = second_target(p, &n);
	set_state(t, 30, "standby");
	assert_int_equal(tur(p->d, p->d->a), RES_UA_ALUA_CHANGED);
	assert_int_equal(tur(p->d, n), RES_UA_ALUA_CHANGED);
	assert_int_equal(tur(p->d, n), RES_NR_STANDBY);
	changes(p->d->target, "both");
	no_ua(p);
	tur(p->d, n);
	assert_int_equal(set_groups(p->d, p->d->a, 30, ACCESS_OPTIMIZED), RES_GOOD);
	assert_int_equal(tur(p->d, p->d->a), RES_GOOD);
	assert_int_equal(tur(p->d, n), RES_UA_ALUA_CHANGED);
	assert_int_equal(tur(p->d, n), RES_GOOD);
	disk_logout(p->d, n);
}

/* --- what the administrator may say */

static void refused(struct target *t, const char *state, const char *ports, const char *remote)
{
	struct port_group_change ch = { .id = 50, .state = state, .ports = ports,
					.remote_ports = remote };
	struct err err = { .code = ERR_OK };

	assert_int_equal(port_group_set(t, &ch, false, &err), -EINVAL);
	assert_int_equal(err.code, ERR_INVALID_REQUEST);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct target *t = ((struct ports *)*state)->d->target;
	struct err err = { .code = ERR_OK };

	refused(t, "active", "3", NULL);
	refused(t, NULL, "1", NULL);
	refused(t, NULL, "3=1", NULL);
	refused(t, NULL, "3,3", NULL);
	refused(t, NULL, "3,", NULL);
	refused(t, NULL, "0", NULL);
	refused(t, NULL, "65536", NULL);
	refused(t, NULL, "3=", NULL);
	refused(t, NULL, "3", "22");
	refused(t, NULL, "3", "4=5");
	group(t, 50, NULL, NULL, NULL);
	assert_int_equal(port_group_delete(t, 51, &err), -EINVAL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(groups_are_reported_with_their_ports),
		T(extended_header_has_the_transition_time),
		T(a_preferred_group_has_the_bit),
		T(inquiry_says_who_may_change_states),
		cmocka_unit_test(without_groups_the_commands_are_not_there),
		T(designators_are_those_of_the_port),
		T(each_state_takes_its_commands_and_says_why_not_others),
		T(a_port_in_no_group_is_active),
		T(a_group_without_ports_has_those_that_are_left),
		T(sessions_that_come_later_find_the_state),
		T(an_implicit_change_is_told_to_all),
		T(an_explicit_change_is_told_to_the_others),
		T(other_disks_of_the_group_are_told_to_who_asked),
		T(initiators_change_nothing_where_they_may_not),
		T(a_list_with_one_bad_group_changes_none),
		T(a_group_of_another_tgtd_is_reported_but_cannot_be_set),
		T(while_a_group_changes_it_cannot_be_set),
		T(groups_of_all_targets_of_a_disk_are_reported_by_each),
		T(a_change_is_told_and_made_through_the_other_target),
		T(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
