// SPDX-License-Identifier: GPL-2.0
/* What a reference count says that went wrong (kernel/ref.h): the object stays for ever, and the log names who did it. */
#include <kernel/log.h>
#include <kernel/ref.h>

static void wrong(struct ref *r, const char *what, uint64_t caller)
{
	const char *name = "?";
	uint64_t offset = 0;

	__atomic_store_n(&r->less_two, REF_SATURATED, __ATOMIC_RELAXED);
	symbol_lookup(caller - 1, &name, &offset);
	log_err("refcount: %s in %s+%#llx; the object is never freed", what, name, (unsigned long long)offset);
}

void ref_get_wrong(struct ref *r)
{
	bool none = __atomic_load_n(&r->less_two, __ATOMIC_RELAXED) == REF_NONE + 1;

	wrong(r, none ? "use after the last reference" : "saturated count", (uint64_t)__builtin_return_address(0));
}

void ref_put_wrong(struct ref *r, int32_t before)
{
	wrong(r, before == REF_NONE ? "one reference too many given back" : "saturated count", (uint64_t)__builtin_return_address(0));
}
