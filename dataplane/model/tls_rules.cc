#include "dataplane/model/tls_rules.h"

#include <algorithm>

#include "dataplane/base/result.h"
#include "dataplane/model/complain.h"
#include "dataplane/model/hostname.h"

namespace sallyport {

namespace {

bool is_of_1_3(const std::string& cipher) { return cipher.starts_with("TLS_"); }

// Without the signs that have a meaning in OpenSSL's lists: a name adds a thing, and that is all.
bool fit_for_tls(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_';
  });
}

std::vector<TlsName> parts(const Written<std::string>& item) {
  std::vector<TlsName> all;
  for (size_t begin = 0; begin <= item->size();) {
    size_t end = std::min(item->find(':', begin), item->size());
    all.push_back({item->substr(begin, end - begin), item.place});
    begin = end + 1;
  }
  return all;
}

std::vector<TlsName> check_names(const WrittenList<std::string>& list, const char* what,
                                 Problems& problems) {
  std::vector<TlsName> names;
  if (!list) return names;
  if (list->empty()) {
    complain(problems, list.place,
             std::string("is empty: name ") + what + ", or leave it out for the default");
  }
  for (const Written<std::string>& item : *list) {
    if (!item) continue;
    for (TlsName& one : parts(item)) {
      auto same = [&](const TlsName& other) { return other.name == one.name; };
      if (!fit_for_tls(one.name)) {
        complain(problems, one.place,
                 in_quotes(one.name) + " is no name: write " + what + ", one by one");
      } else if (std::any_of(names.begin(), names.end(), same)) {
        complain(problems, one.place, in_quotes(one.name) + " is already in the list");
      } else {
        names.push_back(std::move(one));
      }
    }
  }
  return names;
}

Result<BackendName> parse_backend_name(const std::string& text) {
  if (auto ip = Address::parse_ip(text)) {
    return BackendName{BackendName::Kind::Ip, ip->ip_text()};
  }
  size_t colon = text.find(':');
  if (colon != std::string::npos) {
    if (colon > 0 && colon + 1 < text.size()) return BackendName{BackendName::Kind::Uri, text};
    return Error{in_quotes(text) + " is no URI: write one such as spiffe://example.com/bank"};
  }
  Result<std::string> name = parse_dns_name(text);
  if (!name) return name.error();
  return BackendName{BackendName::Kind::Dns, *name};
}

constexpr VerifyBackend verify_by(SslMode mode) {
  if (mode == SslMode::VerifyFull) return VerifyBackend::Full;
  return mode == SslMode::VerifyCa ? VerifyBackend::Ca : VerifyBackend::None;
}

void check_sslmode(const DraftBackendTls& draft, BackendTls& tls, Problems& problems) {
  if (!draft.sslmode) return;
  const Place& place = draft.sslmode.place;
  if (draft.verify.given) {
    complain(problems, draft.verify.place,
             "says the same as sslmode, in other words: leave one of them out");
  }
  if (draft.alpn.given) {
    complain(problems, draft.alpn.place,
             "has no effect with sslmode, where PostgreSQL's own request comes first");
  }
  if (*draft.sslmode == SslMode::Disable) {
    complain(problems, place,
             "disable is no TLS at all: leave tls out, and say scenario: offload");
  } else if (*draft.sslmode == SslMode::Allow) {
    complain(problems, place,
             "allow is not possible, for who begins in the clear cannot be asked to begin again: "
             "write prefer");
  } else {
    tls.sslmode = *draft.sslmode;
    tls.verify = verify_by(*draft.sslmode);
  }
}

void check_backend_names(const WrittenList<std::string>& list, BackendTls& tls,
                         Problems& problems) {
  if (!list) return;
  if (list->empty()) {
    complain(problems, list.place, "is empty: write whom the certificate may be for");
  }
  for (const Written<std::string>& item : *list) {
    if (!item) continue;
    Result<BackendName> name = parse_backend_name(*item);
    if (name) {
      tls.names.push_back(std::move(*name));
    } else {
      complain(problems, item.place, name.error().message);
    }
  }
}

// What is said of a check that does not take place.
void refuse_unused(const DraftBackendTls& draft, const BackendTls& tls, Problems& problems) {
  auto refuse = [&](bool given, const Place& place, const std::string& why) {
    if (given) complain(problems, place, why);
  };
  refuse(draft.names.given && tls.verify != VerifyBackend::Full, draft.names.place,
         std::string("has no effect with verify: ") + name(tls.verify) +
             ", which looks at no name: leave it out, or say verify: full");
  if (tls.verify != VerifyBackend::None) return;
  const char* unverified = "has no effect with verify: none, which believes everybody: leave it "
                           "out, or say verify: full";
  refuse(draft.depth.given, draft.depth.place, unverified);
  refuse(draft.crl_check.given, draft.crl_check.place, unverified);
}

}  // namespace

void check_depth(const Written<uint64_t>& written, int& depth, Problems& problems) {
  if (!written) return;
  if (*written > kMostDepth) {
    complain(problems, written.place,
             std::to_string(*written) + " is out of range: write 0 to " +
                 std::to_string(kMostDepth));
    return;
  }
  depth = static_cast<int>(*written);
}

TlsOffer check_offer(const WrittenOffer& written, Problems& problems) {
  TlsOffer offer;
  offer.ciphers = check_names(written.ciphers, "ciphers", problems);
  offer.groups = check_names(written.groups, "groups", problems);
  for (const TlsName& cipher : offer.ciphers) {
    bool newer = is_of_1_3(cipher.name);
    bool possible = newer ? written.most == TlsVersion::V1_3 : written.least == TlsVersion::V1_2;
    if (possible) continue;
    complain(problems, cipher.place,
             in_quotes(cipher.name) + " is a cipher of TLS " + (newer ? "1.3" : "1.2") +
                 ", which is not spoken here: leave it out, or have another " +
                 (newer ? "max_tls" : "min_tls"));
  }
  return offer;
}

OcspConfig check_ocsp(const DraftOcsp& draft, Problems& problems) {
  OcspConfig ocsp;
  ocsp.staple = draft.staple.or_else(!draft.staple.wrong());
  if (!draft.responder) return ocsp;
  const std::string& url = *draft.responder;
  bool http = url.starts_with("http://") || url.starts_with("https://");
  if (!http || url.find_first_of(" \"<>\\") != std::string::npos) {
    complain(problems, draft.responder.place,
             in_quotes(url) + " is no URL of a responder: write one such as "
                              "http://ocsp.example.com");
  } else if (!ocsp.staple) {
    complain(problems, draft.responder.place,
             "has no effect with staple: false: leave it out, or say staple: true");
  } else {
    ocsp.responder = url;
  }
  return ocsp;
}

void check_backend_policy(const Written<DraftBackendTls>& draft, BackendTls& tls,
                          Problems& problems) {
  tls.verify = draft->verify.or_else(VerifyBackend::Full);
  check_sslmode(*draft.value, tls, problems);
  tls.min_tls = draft->min_tls.or_else(TlsVersion::V1_2);
  tls.max_tls = draft->max_tls.or_else(TlsVersion::V1_3);
  if (tls.min_tls > tls.max_tls) {
    complain(problems, draft->max_tls.place,
             std::string("is less than min_tls, which is ") + name(tls.min_tls) +
                 ": write the same, or a newer version");
  } else {
    tls.offer = check_offer({draft->ciphers, draft->groups, tls.min_tls, tls.max_tls}, problems);
  }
  tls.crl_check = draft->crl_check.or_else(CrlCheck::Auto);
  tls.kernel_tls = draft->kernel_tls.value;
  check_depth(draft->depth, tls.depth, problems);
  check_backend_names(draft->names, tls, problems);
  refuse_unused(*draft.value, tls, problems);
  bool wants_list = tls.crl_check != CrlCheck::Auto && tls.verify != VerifyBackend::None;
  if (wants_list && !draft->secret.given) {
    complain(problems, draft->crl_check.place,
             "needs the ca.crl of a secret: name the secret, or leave it out");
  }
}

}  // namespace sallyport
