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
	# With a byte order mark it has decoded the file, else the bytes stand for themselves.
	my $json = JSON::PP->new->canonical;
	$json = begins_with_bom($file) ? $json->utf8 : $json->latin1;
	print $ok ? $json->encode(\%conf) : 'null', "\n";
}

sub begins_with_bom {
	my ($file) = @_;
	open(my $in, '<:raw', $file) or return 0;
	read($in, my $head, 3);
	return $head eq "\xef\xbb\xbf";
}
