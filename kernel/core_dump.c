// SPDX-License-Identifier: GPL-2.0
/*
 * Core files (ELF-64 object format, type ET_CORE; the notes NT_PRSTATUS and NT_PRPSINFO as Linux's linux/elfcore.h has them on x86-64): one
 * PT_NOTE and a PT_LOAD for each area. Registers of the ending thread only; no floating point state. Runs in the dying process, whose
 * other threads may go on: each page is read as it is then.
 */
#include <fs/node.h>
#include <fs/vfs.h>
#include <kernel/core_dump.h>
#include <kernel/elf.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_fs.h>

#define ELF_TYPE_CORE	4
#define ELF_PT_NOTE	4u
#define NT_PRSTATUS	1u
#define NT_PRPSINFO	3u
#define NT_AUXV		6u	/* tells a debugger where a program without a fixed place lies */
#define AREAS_MAX	256u
#define OBJECT_MAX	(64u << 10)	/* of rings and DMA memory: bigger ones are data, not state */
#define PATTERN_MAX	128

struct core_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, rflags, rsp, ss;
	uint64_t fs_base, gs_base, ds, es, fs, gs;
};

struct prstatus {
	int32_t signo, code, error;
	int16_t cursig;
	uint64_t pending, held;
	int32_t pid, ppid, pgrp, sid;
	uint64_t times[8];
	struct core_regs regs;
	int32_t has_fpu;
};

struct prpsinfo {
	char state, sname, zombie, nice;
	uint64_t flags;
	uint32_t uid, gid;
	int32_t pid, ppid, pgrp, sid;
	char name[16], args[80];
};

_Static_assert(sizeof(struct prstatus) == 336 && offsetof(struct prstatus, regs) == 112, "NT_PRSTATUS");
_Static_assert(sizeof(struct prpsinfo) == 136 && offsetof(struct prpsinfo, name) == 40, "NT_PRPSINFO");

struct note_head {
	uint32_t name_size, desc_size, type;
	char name[8];		/* "CORE" */
};

struct notes {
	struct note_head status_head;
	struct prstatus status;
	struct note_head info_head;
	struct prpsinfo info;
	struct note_head auxv_head;
	uint64_t auxv[ARRAY_SIZE(((struct process *)0)->auxv)];
} __packed;

struct area {
	uint64_t start, end;
	uint32_t flags;		/* VM_* */
	uint64_t bytes;		/* in the file */
};

struct core {
	struct file *file;
	uint64_t limit, at;
	unsigned int nr;
	struct area areas[AREAS_MAX];
	struct elf_segment segments[AREAS_MAX + 1];
	char page[PAGE_SIZE];
};

static char pattern[PATTERN_MAX] = "core";

/* ---- Notes ---- */

static struct core_regs core_regs(const struct thread *t)
{
	const struct regs *r = t->user_regs;

	return (struct core_regs){
		.r15 = r->r15, .r14 = r->r14, .r13 = r->r13, .r12 = r->r12, .rbp = r->rbp, .rbx = r->rbx, .r11 = r->r11, .r10 = r->r10,
		.r9 = r->r9, .r8 = r->r8, .rax = r->rax, .rcx = r->rcx, .rdx = r->rdx, .rsi = r->rsi, .rdi = r->rdi,
		.orig_rax = r->error == ~0ull ? r->vector : ~0ull, .rip = r->rip, .cs = r->cs, .rflags = r->rflags, .rsp = r->rsp,
		.ss = r->ss, .fs_base = t->arch.fs_base, .gs_base = t->arch.gs_base,
	};
}

static struct note_head note_head(uint32_t type, uint32_t size)
{
	return (struct note_head){ .name_size = 5, .desc_size = size, .type = type, .name = "CORE" };
}

static void notes_fill(struct notes *n, int sig)
{
	const struct process *p = current_process;

	memset(n, 0, sizeof(*n));
	n->status_head = note_head(NT_PRSTATUS, sizeof(n->status));
	n->status.signo = sig;
	n->status.cursig = (int16_t)sig;
	n->status.pid = current->tid;
	n->status.pgrp = p->pgid;
	n->status.sid = p->sid;
	n->status.regs = core_regs(current);
	n->info_head = note_head(NT_PRPSINFO, sizeof(n->info));
	n->info.sname = 'R';
	n->info.uid = p->uid;
	n->info.gid = p->gid;
	n->info.pid = p->pid;
	n->info.pgrp = p->pgid;
	n->info.sid = p->sid;
	n->auxv_head = note_head(NT_AUXV, sizeof(n->auxv));
	memcpy(n->auxv, p->auxv, sizeof(n->auxv));
	str_copy(n->info.name, p->name, sizeof(n->info.name));
	str_copy(n->info.args, p->exe, sizeof(n->info.args));
}

/* ---- Memory ---- */

static bool area_wanted(const struct vma *vma)
{
	if (vma->flags & VM_IO)
		return false;
	return !(vma->flags & VM_OBJECT) || vma->end - vma->start <= OBJECT_MAX;
}

static void areas_collect(struct core *c, struct space *s)
{
	const struct vma *vma;

	mutex_lock(&s->lock);
	list_for_each(vma, &s->areas, link) {
		if (c->nr == AREAS_MAX)
			break;
		c->areas[c->nr++] = (struct area){
			.start = vma->start, .end = vma->end, .flags = vma->flags, .bytes = area_wanted(vma) ? vma->end - vma->start : 0,
		};
	}
	mutex_unlock(&s->lock);
}

static uint32_t segment_flags(uint32_t vm)
{
	return (vm & VM_READ ? ELF_PF_R : 0) | (vm & VM_WRITE ? ELF_PF_W : 0) | (vm & VM_EXEC ? ELF_PF_X : 0);
}

static int put(struct core *c, const void *from, size_t n)
{
	ssize_t done;

	n = MIN(n, c->limit - MIN(c->limit, c->at));
	done = n ? file_write_kernel(c->file, from, n, (loff_t)c->at) : 0;
	if (done != (ssize_t)n)
		return done < 0 ? (int)done : -ENOSPC;
	c->at += n;
	return 0;
}

/* The header and the table; where the notes and the memory will be follows from their sizes. */
static int table_put(struct core *c)
{
	struct elf_header h = {
		.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, .type = ELF_TYPE_CORE, .machine = ELF_MACHINE_X86_64, .version = 1,
		.phoff = sizeof(h), .ehsize = sizeof(h), .phentsize = sizeof(struct elf_segment), .phnum = (uint16_t)(c->nr + 1),
	};
	uint64_t at = sizeof(h) + (c->nr + 1) * sizeof(struct elf_segment);
	int err;

	c->segments[0] = (struct elf_segment){ .type = ELF_PT_NOTE, .offset = at, .filesz = sizeof(struct notes), .align = 4 };
	at = ALIGN_UP(at + sizeof(struct notes), PAGE_SIZE);
	for (unsigned int i = 0; i < c->nr; i++) {
		const struct area *a = &c->areas[i];

		c->segments[i + 1] = (struct elf_segment){
			.type = ELF_PT_LOAD, .flags = segment_flags(a->flags), .offset = at, .vaddr = a->start, .filesz = a->bytes,
			.memsz = a->end - a->start, .align = PAGE_SIZE,
		};
		at += a->bytes;
	}
	err = put(c, &h, sizeof(h));
	return err ? err : put(c, c->segments, (c->nr + 1) * sizeof(struct elf_segment));
}

/* Pages that cannot be read (no access, a hole in a file) are zeros. */
static int area_put(struct core *c, struct space *s, const struct area *a)
{
	int err = 0;

	for (uint64_t at = a->start; at < a->start + a->bytes && !err && c->at < c->limit; at += PAGE_SIZE) {
		memset(c->page, 0, PAGE_SIZE);
		(void)space_read(s, at, c->page, PAGE_SIZE);
		err = put(c, c->page, PAGE_SIZE);
	}
	return err;
}

static int body_put(struct core *c, struct space *s, int sig)
{
	struct notes notes;
	int err;

	areas_collect(c, s);
	notes_fill(&notes, sig);
	err = table_put(c);
	if (!err)
		err = put(c, &notes, sizeof(notes));
	c->at = ALIGN_UP(c->at, PAGE_SIZE);
	for (unsigned int i = 0; i < c->nr && !err; i++)
		err = area_put(c, s, &c->areas[i]);
	return err;
}

ssize_t core_write(struct file *f, int sig, uint64_t limit)
{
	struct space *s = process_space_get(current_process);
	struct core *c = s ? kzalloc(sizeof(*c)) : NULL;
	ssize_t result = -ENOMEM;
	int err;

	if (c) {
		c->file = f;
		c->limit = limit;
		err = body_put(c, s, sig);
		result = err ? err : (ssize_t)MIN(c->at, limit);
	}
	kfree(c);
	if (s)
		space_put(s);
	return result;
}

/* ---- The core file of a program ---- */

/* core(5): %p the process, %u its owner, %s the signal, %e its name, %t seconds since 1970, %% a sign. */
static void pattern_expand(char *to, size_t size, int sig)
{
	const struct process *p = current_process;
	size_t n = 0;

	for (const char *c = pattern; *c && n + 1 < size; c++) {
		if (*c != '%') {
			to[n++] = *c;
			continue;
		}
		c++;
		if (*c == 'p')
			n += (size_t)format_text(to + n, size - n, "%d", p->pid);
		else if (*c == 'u')
			n += (size_t)format_text(to + n, size - n, "%u", p->uid);
		else if (*c == 's')
			n += (size_t)format_text(to + n, size - n, "%d", sig);
		else if (*c == 'e')
			n += (size_t)format_text(to + n, size - n, "%s", p->name);
		else if (*c == 't')
			n += (size_t)format_text(to + n, size - n, "%llu", (unsigned long long)(time_realtime() / NSEC_PER_SEC));
		else if (*c == '%')
			to[n++] = '%';
		else if (!*c)
			break;
		n = MIN(n, size - 1);
	}
	to[n] = '\0';
}

/* A plain file of one name that is the program's own: what it could not have made itself is not written through its death. */
static bool file_is_ours(const struct file *f)
{
	const struct inode *inode = f->inode;

	return inode && (inode->mode & LINUX_S_IFMT) == LINUX_S_IFREG && inode->nlink == 1 && inode->uid == current_process->euid;
}

/* NULL when it is not to be. Looked at before and after it is emptied. */
static struct file *core_open(const char *name)
{
	const uint32_t flags = LINUX_O_WRONLY | LINUX_O_CREAT | LINUX_O_NOFOLLOW | LINUX_O_NONBLOCK;
	struct file *f = file_open(name, flags, 0600);

	for (unsigned int i = 0; i < 2; i++) {
		if (IS_ERR(f))
			return NULL;
		if (!file_is_ours(f)) {
			file_put(f);
			return NULL;
		}
		if (i)
			break;
		file_put(f);
		f = file_open(name, flags | LINUX_O_TRUNC, 0600);
	}
	return f;
}

bool core_dump(int sig)
{
	struct process *p = current_process;
	uint64_t limit = p->rlimits[LINUX_RLIMIT_CORE].cur;
	char name[2 * PATTERN_MAX];
	struct file *f;
	ssize_t n;

	if (!limit || !p->dumpable || p->device || !pattern[0])
		return false;
	pattern_expand(name, sizeof(name), sig);
	f = core_open(name);
	if (!f)
		return false;
	n = core_write(f, sig, limit);
	file_put(f);
	if (n < 0)
		log_warn("%s[%d]: no core file: %d", p->name, p->pid, (int)n);
	return n > 0;
}

static void pattern_show(struct seq *s, void *priv)
{
	seq_printf(s, "%s\n", pattern);
}

/* Programs as receivers ("|...") do not exist here. */
static ssize_t pattern_write(void *priv, char *text, size_t n)
{
	size_t length = strnlen(text, n);

	while (length && text[length - 1] == '\n')
		length--;
	if (length >= sizeof(pattern) || text[0] == '|')
		return -EINVAL;
	memcpy(pattern, text, length);
	pattern[length] = '\0';
	return (ssize_t)n;
}

static int core_init(void)
{
	return proc_create_rw("sys/kernel/core_pattern", 0644, pattern_show, pattern_write, NULL);
}
INITCALL("4class", core_init);
