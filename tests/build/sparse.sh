#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# sparse has nothing to say about the kernel and the drivers, and would say what it should.
cd "$(dirname "$0")/../.." && . tests/lib.sh

plan 3
if wanted kernel_and_drivers_are_clean; then
	make -s O="$BUILD" sparse >"$scratch/out" 2>&1
	verdict kernel_and_drivers_are_clean $? "$scratch/out"
fi

# finds NAME PATTERN: with the function on standard input, sparse fails and says that.
finds()
{
	{ printf '#include <kernel/lock.h>\nint wrong(struct spinlock *lock, int err);\n'; cat; } >"$scratch/wrong.c"
	wanted "$1" || return 0
	! make -s O="$BUILD" sparse SOURCES="$scratch/wrong.c" >"$scratch/out" 2>&1 && grep -q "$2" "$scratch/out"
	verdict "$1" $? "$scratch/out"
}

finds lock_kept_on_an_error_is_found 'context imbalance' <<END
int wrong(struct spinlock *lock, int err)
{
	spin_lock(lock);
	if (err)
		return err;
	spin_unlock(lock);
	return 0;
}
END
finds user_pointer_followed_in_the_kernel_is_found 'noderef' <<END
int wrong(struct spinlock *lock, int err)
{
	int __user *p = (int __user *)(unsigned long)err;

	return lock ? *p : 0;
}
END
finish
