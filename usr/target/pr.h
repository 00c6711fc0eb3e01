/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Persistent reservations (SPC-4 5.9): what a logical unit remembers of them, and
 * what PERSISTENT RESERVE OUT asks for. A state is never changed: pr_act() makes
 * the next one, which takes the place of the old when it is on disk, if it must be
 * there. Registrations name I_T nexuses, so they outlive them.
 */
#ifndef TARGET_PR_H
#define TARGET_PR_H

#include <stdbool.h>
#include <stdint.h>

#include "scsi/result.h"
#include "scsi/transportid.h"
#include "target/ua.h"

struct itl;
struct lu;
struct nexus;
struct scsi_cmd;

#define PR_REGS_MAX 1024u	/* per logical unit */
#define PR_PORTS_MAX 64u	/* target ports that ALL_TG_PT reaches */
#define PR_NONE UINT32_MAX	/* no index */

/* SPC-4 table 221. */
enum pr_type {
	PR_NO_RESERVATION = 0,
	PR_WRITE_EX = 1,
	PR_EX_ACCESS = 3,
	PR_WRITE_EX_RO = 5, /* registrants only */
	PR_EX_ACCESS_RO = 6,
	PR_WRITE_EX_AR = 7, /* all registrants: each of them is a holder */
	PR_EX_ACCESS_AR = 8,
};

/* SPC-4 table 226: service actions of PERSISTENT RESERVE OUT. */
enum pr_action {
	PR_REGISTER,
	PR_RESERVE,
	PR_RELEASE,
	PR_CLEAR,
	PR_PREEMPT,
	PR_PREEMPT_AND_ABORT,
	PR_REGISTER_AND_IGNORE,
	PR_REGISTER_AND_MOVE,
};

struct pr_reg {
	uint64_t key;	/* never 0 */
	uint16_t rel_port;
	struct transportid id;
	uint32_t was;	/* its index in the state that this one was made from; PR_NONE: new */
	uint32_t now;	/* its index in the next state, while that takes over */
	bool seen;	/* likewise: a nexus of it has been told */
};

/* One allocation. NULL stands for a state in which nothing is registered. */
struct pr_state {
	uint8_t type;	  /* enum pr_type */
	bool aptpl;	  /* the last APTPL bit that was received */
	uint32_t holder;  /* of @type; PR_NONE: nobody, or all registrants */
	uint32_t n, max;
	struct pr_reg regs[]; /* in order of registration: new ones are the last */
};

/* A PERSISTENT RESERVE OUT, its parameter list checked for form. One allocation with @ids. */
struct pr_request {
	enum pr_action action;
	uint8_t scope, type;
	uint64_t key, sa_key;
	bool spec_i_pt, aptpl, unreg;
	bool can_aptpl;	/* there is a place to keep the state */
	uint32_t n_ports;
	uint16_t ports[PR_PORTS_MAX]; /* REGISTER: the sender's first; ALL_TG_PT adds the others.
					 MOVE: the destination's */
	struct transportid self; /* the sender's initiator port */
	uint16_t self_port;
	uint32_t n_ids;
	struct transportid ids[]; /* SPEC_I_PT: those beside the sender; MOVE: the destination */
};

/* What a service action does. */
struct pr_change {
	struct pr_state *next;	/* the caller's; it may be empty, which is as good as NULL */
	bool changed;		/* false: @next is NULL and the state stays */
	bool counts;		/* in PRGENERATION */
	enum ua_code ua_gone, ua_kept; /* for registrants but the sender that have lost their
					  registration, or kept it; UA_CODES: none */
	bool field_in_cdb;	/* where a refused field is */
	uint16_t field;
	int8_t bit;
};

/* pr_state.c */
static inline bool pr_all_registrants(uint8_t type)
{
	return type == PR_WRITE_EX_AR || type == PR_EX_ACCESS_AR;
}
static inline bool pr_write_exclusive(uint8_t type)
{
	return type == PR_WRITE_EX || type == PR_WRITE_EX_RO || type == PR_WRITE_EX_AR;
}
bool pr_type_valid(uint8_t type);
/* A copy of @old (may be NULL) with room for @more. NULL: no memory. */
struct pr_state *pr_state_copy(const struct pr_state *old, uint32_t more);
/* The index of the registration; PR_NONE. @s may be NULL. */
uint32_t pr_state_find(const struct pr_state *s, const struct transportid *id, uint16_t rel_port);
/* There must be room. */
void pr_state_add(struct pr_state *s, const struct transportid *id, uint16_t rel_port,
		  uint64_t key);
/* With the last holder the reservation goes. */
void pr_state_remove(struct pr_state *s, uint32_t i);
bool pr_state_holds(const struct pr_state *s, uint32_t i);
/* Whether it must outlive the daemon. */
bool pr_state_persists(const struct pr_state *s);

/*
 * pr_action.c: RES_GOOD with @change filled, or why not. RES_INVALID_FIELD_ have the field in
 * @change. Nothing but memory is touched; @old may be NULL.
 */
enum scsi_result pr_act(const struct pr_state *old, const struct pr_request *rq,
			struct pr_change *change);

/*
 * pr.c: runs the request, which becomes the target's (free()). RES_PENDING: scsi_cmd_complete()
 * follows, when the state is on disk, or when what PREEMPT AND ABORT aborts has ended. Requests of
 * one logical unit are run one after the other.
 */
enum scsi_result pr_out(struct scsi_cmd *cmd, struct pr_request *rq);
/* The initiator port of a nexus. */
void pr_nexus_id(const struct nexus *n, struct transportid *id);
/* Relative target port identifiers of the ports of @n's target, that of @n first; how many. */
uint32_t pr_ports(const struct nexus *n, uint16_t ports[PR_PORTS_MAX]);
/* A new I_T_L nexus: finds its registration. */
void pr_itl_new(struct itl *itl);
/*
 * Fetches what was kept of a new LU. False: nothing is to be done, or lu->err tells why it can't
 * be. True: @done follows from the loop; by then lu->err tells of a file that can't be used.
 */
bool pr_load(struct lu *lu, void (*done)(struct lu *lu));

#endif
