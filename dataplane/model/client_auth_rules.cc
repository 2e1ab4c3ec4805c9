#include "dataplane/model/client_auth_rules.h"

#include "dataplane/model/complain.h"
#include "dataplane/model/hostname.h"
#include "dataplane/model/name_pattern.h"
#include "dataplane/model/route_rules.h"
#include "dataplane/model/tls_rules.h"

namespace sallyport {

namespace {

Result<std::string> parse_any(const std::string& text) {
  if (text.empty()) return Error{"is empty: write what the certificate must have"};
  return text;
}

Result<std::string> parse_dns_pattern(const std::string& text) {
  Result<std::string> host = parse_site_host(text);
  if (host && *host == "*") return Error{"\"*\" is every name: write \"*.example.com\", or a name"};
  return host;
}

Result<Address> parse_ip(const std::string& text) {
  if (auto ip = Address::parse_ip(text)) return *ip;
  return Error{in_quotes(text) + " is no IP address"};
}

// As `openssl x509 -fingerprint -sha256` writes it, or without the colons.
Result<std::string> parse_fingerprint(const std::string& text) {
  std::string digits;
  for (char c : text) {
    if (c == ':') continue;
    digits += c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  }
  if (digits.size() == 64 && digits.find_first_not_of("0123456789abcdef") == std::string::npos) {
    return digits;
  }
  return Error{in_quotes(text) + " is no SHA-256 fingerprint: write its 64 hexadecimal digits"};
}

}  // namespace

void ClientAuthRules::of_site(const Written<DraftClientAuth>& draft,
                              const std::string& tls_listener, ClientAuth& auth) {
  bool bytes = !tls_listener.empty();
  auth.on_failure = draft->on_failure.or_else(bytes ? OnFailure::Abort : OnFailure::Respond);
  if (!check(draft, auth)) return;
  if (!bytes || auth.on_failure == OnFailure::Abort) return;
  complain(problems_, draft->on_failure.place,
           "respond is not possible, for listener " + in_quotes(tls_listener) +
               " carries bytes, in which there is no answer to give: write abort, which ends the "
               "handshake");
}

void ClientAuthRules::of_route(const Written<DraftClientAuth>& draft, const ClientAuth& site,
                               ClientAuth& auth) {
  if (draft->on_failure.or_else(OnFailure::Respond) == OnFailure::Abort) {
    complain(problems_, draft->on_failure.place,
             "abort is not possible on a route, for there is no path before the handshake has "
             "ended: write respond, or abort on the site");
  }
  bool off = !check(draft, auth) && draft->verify && *draft->verify == VerifyClient::Off;
  bool enforced = site.verify != VerifyClient::Off && site.on_failure == OnFailure::Abort;
  if (off && enforced) {
    complain(problems_, draft->verify.place,
             "off has no effect on a route, for the site ends the handshake of clients that it "
             "does not let in: say on_failure: respond on the site");
  }
}

// Says whether a certificate is asked for.
bool ClientAuthRules::check(const Written<DraftClientAuth>& draft, ClientAuth& auth) {
  auth.place = draft.place;
  VerifyClient verify = draft->verify.or_else(VerifyClient::Required);
  if (draft->verify.wrong() || verify == VerifyClient::Off) {
    auth = ClientAuth{};
    auth.place = draft.place;
    return false;
  }
  auth.verify = verify;
  auth.crl_check = draft->crl_check.or_else(CrlCheck::Auto);
  if (draft->error_page) check_error_page(draft->error_page, draft->on_failure, auth);
  if (draft->match) check_match(draft->match, auth);
  if (draft->pass) {
    auth.pass.as = draft->pass->as.or_else(ClientFields::SslClient);
    auth.pass.certificate =
        auth.pass.as == ClientFields::Rfc9440 || draft->pass->certificate.or_else(false);
  }
  if (draft->secret) {
    auth.secret = *draft->secret;
    secrets_.use(auth.secret, draft->secret.place, SecretUse::Authorities);
  } else if (!draft->secret.given) {
    complain(problems_, draft.place,
             "secret is missing: its ca.crt says whose client certificates are trusted");
  }
  check_depth(draft->depth, auth.depth, problems_);
  return true;
}

void ClientAuthRules::check_error_page(const Written<std::string>& draft,
                                       const Written<OnFailure>& on_failure, ClientAuth& auth) {
  if (on_failure ? *on_failure == OnFailure::Abort : auth.on_failure == OnFailure::Abort) {
    return complain(problems_, draft.place,
                    "has no effect where the handshake ends with an alert: leave it out, or say "
                    "on_failure: respond");
  }
  auth.error_page = *draft;
  if (auto url = check_url(*draft); !url) complain(problems_, draft.place, url.error().message);
}

void ClientAuthRules::check_match(const Written<DraftClientMatch>& draft, ClientAuth& auth) {
  ClientMatch& match = auth.match;
  match.cn = parsed<std::string>(draft->cn, parse_any);
  match.ou = parsed<std::string>(draft->ou, parse_any);
  match.dns = parsed<std::string>(draft->dns, parse_dns_pattern);
  match.uri = parsed<std::string>(draft->uri, parse_any);
  match.email = parsed<std::string>(draft->email, parse_any);
  match.ip = parsed<Address>(draft->ip, parse_ip);
  match.fingerprint_sha256 = parsed<std::string>(draft->fingerprint_sha256, parse_fingerprint);
  match.cn_pattern = parsed<std::string>(draft->cn_pattern, parse_name_pattern);
  match.subject_pattern = parsed<std::string>(draft->subject_pattern, parse_name_pattern);
  ClientMatch names = match;
  names.fingerprint_sha256.clear();
  if (auth.verify == VerifyClient::OptionalNoCa && !names.empty()) {
    complain(problems_, draft.place,
             "with optional_no_ca anybody can have any name in his certificate: match its "
             "fingerprint_sha256, or say verify: optional");
  }
}

template <class T, class Parse>
std::vector<T> ClientAuthRules::parsed(const WrittenList<std::string>& list, Parse parse) {
  std::vector<T> all;
  if (!list) return all;
  if (list->empty()) complain(problems_, list.place, "is empty: write a value, or leave it out");
  for (const Written<std::string>& item : *list) {
    if (!item) continue;
    Result<T> value = parse(*item);
    if (value) {
      all.push_back(std::move(*value));
    } else {
      complain(problems_, item.place, value.error().message);
    }
  }
  return all;
}

}  // namespace sallyport
