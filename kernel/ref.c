// SPDX-License-Identifier: GPL-2.0
/* What a reference count says that went wrong (kernel/ref.h): the object stays for ever, and the log names who did it. */
#include <kernel/log.h>
#include <kernel/ref.h>

void ref_wrong(struct ref *r, const char *what)
{
	const char *name = "?";
	uint64_t offset = 0;

	__atomic_store_n(&r->count, REF_SATURATED, __ATOMIC_RELAXED);
	symbol_lookup((uint64_t)__builtin_return_address(0) - 1, &name, &offset);
	log_err("refcount: %s in %s+%#llx; the object is never freed", what, name, (unsigned long long)offset);
}
