/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Persistent reservations for tests: three initiators of one disk, service
 * actions as calls, and what PERSISTENT RESERVE IN tells of them.
 */
#ifndef DEV_PR_H
#define DEV_PR_H

#include "dev_disk.h"
#include "target/pr.h"

#define KEY_A 0xaaaaULL
#define KEY_B 0xbbbbULL
#define KEY_C 0xccccULL

struct prs {
	struct disk *d;
	struct nexus *a, *b, *c;
	char dir[64]; /* the state directory; "" until prs_persistent() */
};

/* Flags of prs_out(). */
#define P_APTPL 0x01
#define P_ALL_TG_PT 0x04
#define P_SPEC_I_PT 0x08

/* cmocka fixtures; *state is a struct prs. */
int prs_setup(void **state);
int prs_teardown(void **state);
/* Registers a, b and c with their keys, without Unit Attentions. */
void prs_register_all(struct prs *p);
void prs_clear_ua(struct prs *p);
/* Gives it a state directory. */
void prs_persistent(struct prs *p);
/* The LU as after a restart of the daemon: deleted and made again. NULL, or the error's text. */
const char *prs_restart(struct prs *p);
/* The nexus of this name, made; the ISID ends in @isid. */
struct nexus *prs_login(struct prs *p, const char *name, uint8_t isid, uint16_t rel_port);
void prs_logout(struct prs *p, struct nexus *n);

/* With a parameter list of 24 bytes. */
enum scsi_result prs_out(struct prs *p, struct nexus *n, enum pr_action action, uint8_t type,
			 uint64_t key, uint64_t sa_key, uint8_t flags);
/* Any parameter list; @s tells more. @s may be NULL. */
enum scsi_result prs_out_list(struct prs *p, struct nexus *n, struct shot *s, enum pr_action action,
			      uint8_t scope_type, const uint8_t *list, uint32_t len);
/* Any command of 10 bytes or less without data. */
enum scsi_result prs_run(struct prs *p, struct nexus *n, const uint8_t *cdb, const void *out,
			 uint32_t out_len, void *in, uint32_t in_max);
/* TEST UNIT READY: takes the next Unit Attention, RES_GOOD when there is none. */
enum scsi_result prs_tur(struct prs *p, struct nexus *n);
enum scsi_result prs_read(struct prs *p, struct nexus *n);
enum scsi_result prs_write(struct prs *p, struct nexus *n);

/* READ KEYS in order; how many there are. */
unsigned int prs_keys(struct prs *p, uint64_t keys[8]);
uint32_t prs_generation(struct prs *p);
/* READ RESERVATION: its type, 0 for none; *@key. */
uint8_t prs_reservation(struct prs *p, uint64_t *key);

#define assert_res(expr, want)                                                                     \
	assert_string_equal(prs_name(expr), scsi_result_info(RES_##want)->name)
const char *prs_name(enum scsi_result r);

/* Fails unless exactly these keys are registered, in this order. Ends with 0. */
void prs_expect_keys(struct prs *p, ...);

#endif
