/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The changer (SMC-3), private to its files: elements, volumes, and what the commands share.
 * Outside, only dev_changer is used. A volume is an image in the directory media_home whose name is
 * its barcode; it is loaded by giving its path to the logical unit that is the drive.
 */
#ifndef DEV_SMC_H
#define DEV_SMC_H

#include <stdbool.h>
#include <stdint.h>

#include "dev/spc.h"
#include "target/cmd.h"
#include "target/lu.h"

#define SMC_TAG_LEN 32U /* VOLUME IDENTIFICATION */
#define SMC_ELEMENTS_MAX 4096U
#define SMC_VOLUMES_MAX 224U

enum smc_type { SMC_ALL, SMC_TRANSPORT, SMC_STORAGE, SMC_IMPORT, SMC_DRIVE, SMC_TYPES };

struct smc_element {
	uint16_t addr;
	uint8_t type; /* enum smc_type */
	bool has_lu;  /* of a drive: the next two are known */
	uint32_t tid;
	uint64_t lun;
};

struct smc_volume {
	char barcode[SMC_TAG_LEN + 1]; /* the image's name */
	char tag[SMC_TAG_LEN + 1];     /* as initiators see it: the barcode, or what they asserted */
	uint16_t addr;	 /* where it is */
	uint16_t source; /* where it was before, for SVALID */
	bool moved;	 /* @source counts */
	bool kept;	 /* from before a restart: configuration doesn't move it */
	bool operator_put; /* IMPEXP */
};

/* One medium on its way. */
struct smc_move {
	struct smc_volume *v;
	struct smc_element *from, *to;
};

struct smc {
	struct spc_lu spc; /* first: lu->dev_priv */
	struct lu *lu;
	char *media_home;
	struct smc_element *elements; /* by address */
	unsigned int n_elements;
	struct smc_volume *volumes;
	unsigned int n_volumes;
	bool open;		      /* OPEN/CLOSE IMPORT/EXPORT ELEMENT */
	uint8_t search;		      /* SEND VOLUME TAG: the action of the last search */
	uint16_t search_from;
	uint8_t search_type;
	char template[SMC_TAG_LEN + 1];
	/* What "logicalunit update" has said of an element so far. */
	struct {
		uint8_t type;
		bool has_start, has_quantity, has_address, has_tid, has_lun;
		uint16_t start, quantity, address;
		uint32_t tid;
		uint64_t lun;
	} said;
	bool dirty, saving; /* volumes have moved since they were kept; that is under way */
	void (*waiter)(struct smc *smc);
	/* The command that moves media: one at a time. */
	struct scsi_cmd *cmd;
	struct smc_move moves[2];
	unsigned int n_moves, step;
	struct loop_call call;
	struct loop_timer timer; /* a drive is busy: tried again */
	unsigned int tries;
};

static inline struct smc *to_smc(const struct lu *lu)
{
	return lu->dev_priv;
}

extern const struct opcode smc_move_rows[6];   /* MOVE, EXCHANGE, POSITION, INITIALIZE, OPEN/CLOSE */
extern const struct opcode smc_status_rows[3]; /* READ ELEMENT STATUS, volume tags */
extern const struct mode_page smc_modes[];

/* NULL: there is none. */
struct smc_element *smc_element(const struct smc *smc, uint16_t addr);
struct smc_volume *smc_volume_at(const struct smc *smc, uint16_t addr);
struct smc_volume *smc_volume_named(const struct smc *smc, const char *barcode);
/* How many of a type, and the first address. */
unsigned int smc_count(const struct smc *smc, uint8_t type, uint16_t *first);
/* The logical unit that is a drive; NULL: there is none (any more). */
struct lu *smc_drive(const struct smc *smc, const struct smc_element *e);

/* dev_type.set. */
int smc_set(struct lu *lu, const char *name, const char *value, struct err *err);
/* What was kept over a restart. */
void smc_resume(struct smc *smc);
/* Keeps where volumes are. True: @waiter (may be NULL) follows from the loop; false: it won't. */
bool smc_keep(struct smc *smc, void (*waiter)(struct smc *smc));
/* The medium of a drive that is configured with one in it is put there, if it has none. */
void smc_drive_fill(struct smc *smc, const struct smc_element *e);
/* media_home/barcode, malloc'ed; NULL: no memory or no media_home. */
char *smc_path(const struct smc *smc, const struct smc_volume *v);

#endif
