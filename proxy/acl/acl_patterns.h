/* acl_patterns.h - the globs of a selector, each of them once. */
#ifndef PROXY_ACL_ACL_PATTERNS_H
#define PROXY_ACL_ACL_PATTERNS_H

#include "proxy/acl/acl_selector.h"

/* One that is there already is given that access, too. A glob has no blanks and no zero bytes. */
enum acl_problem acl_patterns_add(struct acl_patterns *patterns, struct span glob,
                                  unsigned access) MUST_USE;

void acl_patterns_clear(struct acl_patterns *patterns);

/* Does any one with all of that access match `text`? */
bool acl_patterns_match(const struct acl_patterns *patterns, struct span text, unsigned access);

/* Is any one with all of that access just this glob? */
bool acl_patterns_have(const struct acl_patterns *patterns, struct span glob, unsigned access);

/* Has `text` a blank of any kind, or a zero byte? Redis has them in no name and no pattern. */
bool acl_has_blanks(struct span text);

#endif
