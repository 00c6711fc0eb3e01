/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sixteen bytes that no other machine has.
 */
#ifndef TARGET_MACHINE_ID_H
#define TARGET_MACHINE_ID_H

#include <stdint.h>

/*
 * From @id_file (may be NULL) if it is there, else made from the text of @host_file, else by
 * chance and written to @id_file. 0; -EINVAL when @id_file holds something else, as going on
 * would change the identity of every disk. The reason is logged.
 */
int machine_id_get(uint8_t id[16], const char *id_file, const char *host_file);

#endif
