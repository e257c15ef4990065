/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Defences that cost nothing to leave on, and the word "harden_off=NAME,NAME" on the command line that leaves them off, so that a test can
 * show what happens then. The others are options of the build (kernel/Kconfig). Documentation/hardening.md has the list.
 */
#ifndef KERNEL_HARDEN_H
#define KERNEL_HARDEN_H

#include <kernel/types.h>

enum hardening { HARDEN_SMEP, HARDEN_SMAP, HARDEN_UMIP, HARDEN_IBT, HARDEN_WX, HARDEN_GUARD, HARDEN_IST, HARDEN_COUNT };

/* Reads the command line; before anything asks. Also init_on_alloc and init_on_free (mm/page.h). */
void harden_init(void);
/* From here on %p hides addresses (lib/format.h); once the CPU's features are known. */
void harden_pointers(void);
/* Is it on? Any context. */
bool hardened(enum hardening what);

#endif
