# SPDX-License-Identifier: GPL-2.0-or-later
#
# conf_oracle.pl FILE...: what Perl's Config::General makes of each, as JSON, one line a file;
# "null" when it refuses the file. Options as the predecessor's tgt-admin gives them.
use strict;
use warnings;
use Config::General qw(ParseConfig);
use JSON::PP;

local $SIG{__WARN__} = sub { };
for my $file (@ARGV) {
	my %conf;
	my $ok = eval {
		%conf = ParseConfig(-ConfigFile => $file, -UseApacheInclude => 1,
			-IncludeDirectories => 1, -IncludeGlob => 1, -MergeDuplicateBlocks => 1);
		1;
	};
	print JSON::PP->new->canonical->latin1->encode($ok ? \%conf : undef) // 'null', "\n" if $ok;
	print "null\n" if !$ok;
}
