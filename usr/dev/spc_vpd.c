/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vital product data pages that all device types have (SPC-4 7.8). Called
 * through the device types' vpd tables by INQUIRY.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/spc.h"
#include "target/nexus.h"
#include "target/port_group.h"
#include "target/target.h"
#include "target/transport.h"

#define PORTS_MAX 64

/* SPC-4 7.8.6.1: CODE SET, ASSOCIATION and DESIGNATOR TYPE */
enum { CODE_BINARY = 1, CODE_ASCII = 2, CODE_UTF8 = 3 };
enum { ASSOC_LU = 0x00, ASSOC_PORT = 0x10, ASSOC_DEVICE = 0x20 };
enum { DESIG_T10 = 1, DESIG_NAA = 3, DESIG_REL_PORT = 4, DESIG_GROUP = 5, DESIG_NAME = 8 };

uint32_t spc_vpd_begin(const struct lu *lu, uint8_t *buf, uint8_t page, uint32_t total)
{
	memset(buf, 0, total);
	buf[0] = lu->dev->pdt;
	buf[1] = page;
	put_be16(buf + 2, (uint16_t)(total - 4));
	return total;
}

/* 00h, SPC-4 7.8.15 */
uint32_t spc_vpd_supported(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max)
{
	uint32_t len = 4;

	(void)n;
	spc_vpd_begin(lu, buf, 0x00, 4);
	for (const struct vpd_page *p = lu->dev->vpd; p->build && len < max; p++) {
		if (!p->enabled || p->enabled(lu))
			buf[len++] = p->code;
	}
	put_be16(buf + 2, (uint16_t)(len - 4));
	return len;
}

/* 80h, SPC-4 7.8.16 */
uint32_t spc_vpd_serial(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max)
{
	uint32_t sn_len = (uint32_t)strlen(lu->id.scsi_sn);
	uint32_t total = spc_vpd_begin(lu, buf, 0x80, min_u32(max, 4 + sn_len));

	(void)n;
	memcpy(buf + 4, lu->id.scsi_sn, total - 4);
	return total;
}

/* Designation descriptors one after another; what doesn't fit is left out. */
struct desigs {
	uint8_t *buf;
	uint32_t len, max;
	uint8_t protocol; /* PROTOCOL IDENTIFIER for ports and devices */
};

/* A descriptor of @len bytes; returns where its designator goes, zeroed, or NULL. SPC-4 7.8.6.1 */
static uint8_t *desig_add(struct desigs *d, uint8_t code_set, uint8_t assoc, uint8_t type,
			  uint32_t len)
{
	uint8_t *p = d->buf + d->len;
	bool piv = assoc != ASSOC_LU;

	if (len > 255 || d->max - d->len < 4 + len)
		return NULL;
	memset(p, 0, 4 + len);
	p[0] = (uint8_t)((piv ? d->protocol << 4 : 0) | code_set);
	p[1] = (uint8_t)((piv ? 0x80 : 0) | assoc | type);
	p[3] = (uint8_t)len;
	d->len += 4 + len;
	return p + 4;
}

/* SCSI name string: NUL terminated, padded to a multiple of four (SPC-4 7.8.6.10). */
static void desig_add_name(struct desigs *d, uint8_t assoc, const char *name)
{
	uint32_t len = (uint32_t)round_up(strlen(name) + 1, 4);
	uint8_t *p = desig_add(d, CODE_UTF8, assoc, DESIG_NAME, len);

	if (p)
		memcpy(p, name, strlen(name));
}

static void desig_add_lu(struct desigs *d, const struct lu_ident *id)
{
	char name[4 + 2 * sizeof(id->naa) + 1] = "naa.";
	uint32_t id_len = (uint32_t)strlen(id->scsi_id);
	uint8_t *p;

	p = desig_add(d, CODE_ASCII, ASSOC_LU, DESIG_T10, LU_VENDOR_LEN + id_len);
	if (p) {
		memset(p, ' ', LU_VENDOR_LEN);
		memcpy(p, id->vendor, strnlen(id->vendor, LU_VENDOR_LEN));
		memcpy(p + LU_VENDOR_LEN, id->scsi_id, id_len);
	}
	p = desig_add(d, CODE_BINARY, ASSOC_LU, DESIG_NAA, sizeof(id->naa));
	if (p)
		memcpy(p, id->naa, sizeof(id->naa));
	for (size_t i = 0; i < sizeof(id->naa); i++)
		snprintf(name + 4 + 2 * i, 3, "%02X", id->naa[i]); /* RFC 7143 4.2.7.5 */
	desig_add_name(d, ASSOC_LU, name);
}

static void desig_add_port_name(struct desigs *d, const struct nexus *n, uint16_t port)
{
	char name[256];
	unsigned int len =
	    n->transport->port_name ? n->transport->port_name(n->target, port, name, sizeof(name)) : 0;

	if (len && len < sizeof(name))
		desig_add_name(d, ASSOC_PORT, name);
}

/* 83h, SPC-4 7.8.6 */
uint32_t spc_vpd_ident(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max)
{
	struct desigs d = { .buf = buf, .len = 4, .max = max };
	uint8_t *p;

	spc_vpd_begin(lu, buf, 0x83, 4);
	if (lu->dev->pdt != PDT_WLUN) /* SPC-4 7.8.6.2.4: only those of port and device */
		desig_add_lu(&d, &lu->id);
	if (n) {
		d.protocol = n->transport->protocol_id;
		p = desig_add(&d, CODE_BINARY, ASSOC_PORT, DESIG_REL_PORT, 4);
		if (p)
			put_be16(p + 2, port_relative(n->target, n->rel_port));
		p = n->group ? desig_add(&d, CODE_BINARY, ASSOC_PORT, DESIG_GROUP, 4) : NULL;
		if (p)
			put_be16(p + 2, n->group->id);
		desig_add_port_name(&d, n, n->rel_port);
		desig_add_name(&d, ASSOC_DEVICE, n->target->name);
	}
	put_be16(buf + 2, (uint16_t)(d.len - 4));
	return d.len;
}

/* 86h, SPC-4 7.8.7 */
uint32_t spc_vpd_extended(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max)
{
	(void)n;
	(void)max;
	spc_vpd_begin(lu, buf, 0x86, 64);
	buf[5] = 0x0f; /* PRIOR_SUP, HEADSUP, ORDSUP, SIMPSUP */
	buf[6] = lu->dev->pdt == PDT_DISK ? 0x01 : 0; /* V_SUP: the store's cache is volatile */
	buf[7] = 0x01; /* LUICLR: reporting 3F/0E once clears it on all LUs (SAM-5 5.14) */
	put_be16(buf + 10, (uint16_t)min_u64((spc_selftest_seconds(lu) + 59) / 60, UINT16_MAX));
	buf[13] = SCSI_SENSE_MAX;
	return 64;
}

/* 87h, SPC-4 7.8.9: one descriptor for all pages and subpages: shared */
uint32_t spc_vpd_policy(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max)
{
	(void)n;
	(void)max;
	spc_vpd_begin(lu, buf, 0x87, 8);
	buf[4] = 0x3f;
	buf[5] = 0xff;
	return 8;
}

/* SCSI port descriptor, SPC-4 table 621; what doesn't fit is left out. */
static void add_port(struct desigs *d, const struct nexus *n, uint16_t port)
{
	uint32_t at = d->len;

	if (d->max - d->len < 12 + 4 + 256)
		return;
	memset(d->buf + at, 0, 12);
	put_be16(d->buf + at + 2, port_relative(n->target, port));
	d->len += 12;
	desig_add_port_name(d, n, port);
	put_be16(d->buf + at + 10, (uint16_t)(d->len - at - 12)); /* DESCRIPTORS LENGTH */
}

/* 88h, SPC-4 7.8.14: the ports of the target, or the one that is asked through */
uint32_t spc_vpd_ports(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max)
{
	struct desigs d = { .buf = buf, .len = 4, .max = max };
	uint16_t ports[PORTS_MAX];
	unsigned int n_ports = 0;

	spc_vpd_begin(lu, buf, 0x88, 4);
	if (!n)
		return 4;
	d.protocol = n->transport->protocol_id;
	if (n->transport->ports)
		n_ports = n->transport->ports(n->target, ports, PORTS_MAX);
	if (!n_ports) /* the transport knows only those in use */
		ports[n_ports++] = n->rel_port;
	for (unsigned int i = 0; i < n_ports; i++)
		add_port(&d, n, ports[i]);
	put_be16(buf + 2, (uint16_t)(d.len - 4));
	return d.len;
}
