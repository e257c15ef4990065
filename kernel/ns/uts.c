// SPDX-License-Identifier: GPL-2.0
/* UTS namespaces: the two names of the machine that may be changed (uts_namespaces(7)), uname(2) and its kin. Locks: a namespace's. */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <lib/format.h>
#include <lib/string.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "internal.h"

#define NAME_MAX_LENGTH	(LINUX_UTSNAME_LENGTH - 1)

/* The release is one that glibc's "kernel too old" check accepts. */
struct uts_ns uts_ns_first = {
	.ns = { .ref = { REF_ONE }, .type = &uts_ns_type, .ino = 4026531838 },
	.lock = SPINLOCK_INIT("names"),
	/* Programs for Linux ask for its name (a virtual machine of Java starts no process elsewhere); the release says whose kernel this is. */
	.names = { .sysname = "Linux", .nodename = "ferry", .release = "6.1.0-ferry", .version = "#1", .machine = "x86_64", .domainname = "(none)" },
};

static struct uts_ns *uts_current(void)
{
	return container_of(ns_current(NS_UTS), struct uts_ns, ns);
}

static void names_copy(struct uts_ns *u, struct linux_utsname *to)
{
	uint64_t flags = spin_lock_irq(&u->lock);

	*to = u->names;
	spin_unlock_irq(&u->lock, flags);
}

static struct ns *uts_copy(struct ns *from, struct user_ns *owner, struct fs_context *fs)
{
	struct uts_ns *u = kzalloc(sizeof(*u));
	int err = u ? ns_begin(&u->ns, &uts_ns_type, owner) : -ENOMEM;

	if (err) {
		kfree(u);
		return ERR_PTR(err);
	}
	spin_init(&u->lock, "names");
	names_copy(container_of(from, struct uts_ns, ns), &u->names);
	return &u->ns;
}

static void uts_destroy(struct ns *ns)
{
	ns_end(ns);
	kfree(container_of(ns, struct uts_ns, ns));
}

const struct ns_type uts_ns_type = { .name = "uts", .kind = NS_UTS, .flag = LINUX_CLONE_NEWUTS, .copy = uts_copy, .destroy = uts_destroy };

void system_names(struct linux_utsname *to)
{
	names_copy(uts_current(), to);
}

/* What programs of old want to hear: a version that begins with 2.6, a machine of 32 bits (personality(2)). */
static void names_disguise(struct linux_utsname *n, uint32_t personality)
{
	unsigned long long minor = 0;
	char rest[sizeof(n->release)];
	const char *at = n->release;
	unsigned int dots = 0;

	if ((personality & LINUX_PER_MASK) == LINUX_PER_LINUX32)
		str_copy(n->machine, "i686", sizeof(n->machine));
	if (!(personality & LINUX_UNAME26))
		return;
	for (; (*at >= '0' && *at <= '9') || (*at == '.' && dots < 2); at++) {
		dots += *at == '.';
		if (*at != '.' && dots == 1)
			minor = minor * 10 + (unsigned int)(*at - '0');
	}
	str_copy(rest, at, sizeof(rest));
	format_text(n->release, sizeof(n->release), "2.6.%llu%s", minor + 60, rest);
}

SYSCALL(NR_uname, uname)
{
	struct linux_utsname copy;

	system_names(&copy);
	names_disguise(&copy, current_process->personality);
	return copy_to_user(args->a[0], &copy, sizeof(copy));
}

static void name_set(struct uts_ns *u, bool domain, const char name[LINUX_UTSNAME_LENGTH])
{
	uint64_t flags = spin_lock_irq(&u->lock);

	memcpy(domain ? u->names.domainname : u->names.nodename, name, LINUX_UTSNAME_LENGTH);
	spin_unlock_irq(&u->lock, flags);
}

static int64_t name_change(bool domain, uint64_t address, uint64_t length)
{
	char text[LINUX_UTSNAME_LENGTH] = "";
	struct uts_ns *u = uts_current();

	if (!privileged_in(u->ns.owner, LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	if (length > NAME_MAX_LENGTH)
		return -EINVAL;
	if (copy_from_user(text, address, length))
		return -EFAULT;
	name_set(u, domain, text);
	return 0;
}

SYSCALL(NR_sethostname, sethostname)
{
	return name_change(false, args->a[0], args->a[1]);
}

SYSCALL(NR_setdomainname, setdomainname)
{
	return name_change(true, args->a[0], args->a[1]);
}

/* ---- /proc/sys/kernel: @priv is the domain's when it is not NULL ---- */

static void name_show(struct seq *s, void *priv)
{
	struct linux_utsname copy;

	system_names(&copy);
	seq_printf(s, "%s\n", priv ? copy.domainname : copy.nodename);
}

/* What is too long is cut off, as on Linux. */
static int name_write(void *priv, char *text)
{
	char name[LINUX_UTSNAME_LENGTH] = "";

	memcpy(name, text, MIN(strlen(text), (size_t)NAME_MAX_LENGTH));
	name_set(uts_current(), priv != NULL, name);
	return 0;
}

static int names_init(void)
{
	int err = proc_create_rw("sys/kernel/hostname", 0644, name_show, name_write, NULL);

	return err ? err : proc_create_rw("sys/kernel/domainname", 0644, name_show, name_write, &uts_ns_first);
}
INITCALL("2fs", names_init);
